import { selfSignedCertificate } from '../../simulator/world/certificate.ts'
import { linkFunctions, startQueues, startTable } from '../../local/emulators.ts'
import { TENANT } from '../../local/keys.ts'

/** The process of `bench/accept/accept.ts` that DynamoDB and SQS are emulated in. Tells the environment that functions find them by. */
const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('no folder for the table')
const emulators = { table: await startTable(folder), queues: await startQueues() }
const node = {
  kind: 'ldk-server',
  name: 'alice',
  network: 'regtest',
  // Nobody listens there: accepting a splice asks no node.
  url: 'https://127.0.0.1:1',
  certificate: selfSignedCertificate().certificate,
  auth: { scheme: 'hmac', apiKey: 'a1'.repeat(32) },
  tenants: [TENANT],
  chain: { kind: 'esplora', url: 'http://127.0.0.1:1' },
}
linkFunctions(emulators, [node], {})
process.send?.({ environment: process.env })
