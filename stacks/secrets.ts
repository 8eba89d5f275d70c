/**
 * The secrets: the nodes with their credentials, and the hashes of the first API keys. Each is a JSON list,
 * empty until it is set with `sst secret set` (docs/operations.md).
 */
export function createSecrets() {
  return { nodes: new sst.Secret('Nodes', '[]'), keys: new sst.Secret('Keys', '[]') }
}
