/* What the links give to the functions; `sst deploy` and `sst dev` write it anew. */
import 'sst'
declare module 'sst' {
  export interface Resource {
    Keys: { type: 'sst.sst.Secret'; value: string }
    NodeEventsQueue: { type: 'sst.sst.Linkable'; url: string }
    WebhooksQueue: { type: 'sst.sst.Linkable'; url: string }
    Nodes: { type: 'sst.sst.Secret'; value: string }
    Table: { type: 'sst.sst.Linkable'; name: string }
    WorkQueue: { type: 'sst.sst.Linkable'; url: string }
  }
}
export {}
