import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A server's certificate and its private key, both PEM. */
export type ServerCertificate = { readonly certificate: string; readonly key: string }

const ECDSA_WITH_SHA256 = '2a8648ce3d040302'
const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'
const BASIC_CONSTRAINTS = '551d13'

/** ASN.1 in DER: tag, length, contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents)
const set = (...contents: readonly Uint8Array[]): Buffer => der(0x31, ...contents)
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes)
const bitString = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes)
const octetString = (bytes: Uint8Array): Buffer => der(0x04, bytes)
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text, 'utf8'))
/** From 1975 to 4096. RFC 5280 uses UTCTime, with two-digit years, until 2049. */
const validity = (): Buffer =>
  sequence(der(0x17, Buffer.from('750101000000Z')), der(0x18, Buffer.from('40960101000000Z')))

const nameOf = (commonName: string): Buffer => sequence(set(sequence(objectId(COMMON_NAME), utf8(commonName))))

function altNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  )
  return extension(SUBJECT_ALT_NAME, false, sequence(...names))
}

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`

/** An X.509 extension. Clients that do not know a critical extension must refuse the certificate. */
const extension = (id: string, isCritical: boolean, value: Uint8Array): Buffer =>
  sequence(objectId(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), octetString(value))

type KeyPair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

type Subject = {
  readonly commonName: string
  readonly keys: KeyPair
  readonly extensions: readonly Buffer[]
}

const keyPair = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** An ECDSA P-256 certificate, valid from 1975 to 4096 (X.509 version 3, RFC 5280). */
function issued(subject: Subject, issuer: Pick<Subject, 'commonName' | 'keys'>): ServerCertificate {
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256))
  const serial = randomBytes(16)
  // A serial number is positive and has no leading zero, so its first byte is in 0x40…0x7f.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    nameOf(issuer.commonName),
    validity(),
    nameOf(subject.commonName),
    subject.keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...subject.extensions)),
  )
  const signature = bitString(sign('sha256', body, issuer.keys.privateKey))
  return {
    certificate: pem('CERTIFICATE', sequence(body, algorithm, signature)),
    key: subject.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A self-signed certificate such as ldk-server creates at its first start. */
export function selfSignedCertificate(hosts: readonly string[] = ['localhost', '127.0.0.1']): ServerCertificate {
  const subject = { commonName: 'ldk-server', keys: keyPair(), extensions: [altNames(hosts)] }
  return issued(subject, subject)
}

/** A server certificate together with the certificate of the authority that issued it. */
export function certificateOfOwnAuthority(
  authorityName: string,
  commonName: string,
  hosts: readonly string[],
): ServerCertificate & { readonly authority: string } {
  const isAuthority = extension(BASIC_CONSTRAINTS, true, sequence(der(0x01, Buffer.from([0xff]))))
  const authority = { commonName: authorityName, keys: keyPair(), extensions: [isAuthority] }
  const server = { commonName, keys: keyPair(), extensions: [altNames(hosts)] }
  return { ...issued(server, authority), authority: issued(authority, authority).certificate }
}
