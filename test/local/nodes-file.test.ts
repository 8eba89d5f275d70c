import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { startChild } from '../../local/child.ts'
import { readNodesFile } from '../../local/nodes-file.ts'
import { startSimulation } from '../../local/simulation.ts'
import { aProduct, request, temporaryFolder } from '../support/local-product.ts'

const API_KEY = 'c3'.repeat(32)

const aNode = {
  kind: 'ldk-server',
  name: 'alice',
  network: 'regtest',
  url: 'https://127.0.0.1:3536',
  certificateFile: 'tls.crt',
  auth: { scheme: 'hmac', apiKey: API_KEY },
  tenants: ['local'],
  chain: { kind: 'esplora', url: 'http://127.0.0.1:3002' },
}

function fileWith(content: unknown): string {
  const path = join(temporaryFolder(), 'nodes.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const refusal = async (path: string): Promise<unknown> =>
  startChild(temporaryFolder(), { NODES_FILE: path }).catch((error: unknown) => error)

describe('NODES_FILE', () => {
  it.each([
    ['no JSON', `[{"auth": {"apiKey": "${API_KEY}"},, }]`, 'is not JSON (line 1 column'],
    ['no list', { alice: aNode }, 'must be a list of nodes'],
    ['a wrong field', [{ ...aNode, url: 'alice' }], 'node alice: url: must be an https URL'],
    ['no certificate', [aNode], 'certificateFile: there is no file'],
    [
      'two certificates',
      [{ ...aNode, certificate: 'x' }],
      'certificate and certificateFile: give one of them',
    ],
  ])('with %s: a clear error that names the field, and exit code 1', async (_what, content, message) => {
    const path = fileWith(content)
    const refused = await refusal(path)
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/^.*nodes\.json: /) })
    expect(refused).toMatchObject({ output: expect.stringContaining(message) })
    expect(refused).toMatchObject({ output: expect.not.stringContaining(API_KEY) })
    expect(refused).toMatchObject({ output: expect.not.stringContaining('    at ') })
  })

  it('that is not there', async () => {
    const path = join(temporaryFolder(), 'none.json')
    expect(await refusal(path)).toMatchObject({ code: 1, output: `NODES_FILE: there is no file ${path}\n` })
  })

  it('puts in the certificate from a file beside it', async () => {
    const { entry } = await aSimulation()
    const path = fileWith([aNode])
    writeFileSync(join(path, '..', 'tls.crt'), entry.certificate)
    expect(readNodesFile(path)).toMatchObject([{ name: 'alice', certificate: entry.certificate }])
  })

  it('runs the product on the nodes of the file, with nothing simulated', async () => {
    const { entry } = await aSimulation()
    const product = await aProduct(temporaryFolder(), { NODES_FILE: fileWith([entry]) })
    expect(product.endpoints).toMatchObject({ sim: null, esplora: null, channels: [] })
    const { body } = await request(product, '/v1/nodes')
    const { data } = z
      .object({ data: z.array(z.object({ name: z.string(), stale: z.boolean() })) })
      .parse(body)
    expect(data).toEqual([{ name: 'alice', stale: false }])
    expect(product.output()).not.toContain('POST')
  })
})

async function aSimulation() {
  const simulation = await startSimulation(join(temporaryFolder(), 'world.json'), 'local', 0)
  onTestFinished(() => simulation.close())
  return simulation
}
