/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  app({ stage }) {
    const isProduction = stage === 'production'
    return {
      name: 'splicekeeper',
      home: 'aws',
      removal: isProduction ? 'retain' : 'remove',
      protect: isProduction,
    }
  },
  async run() {
    const { deploy } = await import('./stacks/index.ts')
    return deploy()
  },
})
