import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ulid } from 'ulid'
import { linuxProcess, unseenProcess, uptimeIn } from './linux-process.ts'
import type { RelayPorts } from './ports.ts'
import type { ProcessPort } from './process.ts'
import type { Relay } from './relay.ts'
import type { RelaySettings } from './settings.ts'
import type { Source } from './source.ts'
import { coreLightningSource } from './sources/core-lightning.ts'
import { eclairSource } from './sources/eclair.ts'
import { ldkServerSource } from './sources/ldk-server.ts'

/** The ports of this machine. */
export function portsOf(say: (line: string) => void): RelayPorts {
  return {
    clock: { now: () => Date.now() },
    sinceBoot: process.platform === 'linux' ? linuxUptime : () => performance.now(),
    chance: { fraction: () => Math.random(), id: () => ulid() },
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    say,
  }
}

const linuxUptime = (): number => uptimeIn(readFileSync('/proc/uptime', 'utf8'))

/** Builds the configured relay. Does not connect yet. */
export function relayOf(settings: RelaySettings, ports: RelayPorts): Relay {
  return { source: sourceOf(settings, ports), process: processOf(settings), target: settings.target }
}

function sourceOf({ source }: RelaySettings, ports: RelayPorts): Source {
  switch (source.kind) {
    case 'ldk-server':
      return ldkServerSource({ ...source, authWindowSeconds: 60, clockSkewSeconds: 60, overlapGuard: false }, ports)
    case 'core-lightning':
      return coreLightningSource(source)
    case 'eclair':
      return eclairSource(source, ports)
  }
}

function processOf({ process: choice }: RelaySettings): ProcessPort {
  if ('unseen' in choice) return unseenProcess(choice.unseen)
  return process.platform === 'linux' ? linuxProcess(choice) : unseenProcess('only Linux shows when a process started')
}
