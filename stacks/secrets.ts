/**
 * What is told to nobody: the nodes with their credentials, and the hashes of the first keys. Each is a JSON list, empty until
 * `sst secret set` says otherwise (docs/operations.md).
 */
export function createSecrets() {
  return { nodes: new sst.Secret('Nodes', '[]'), keys: new sst.Secret('Keys', '[]') }
}
