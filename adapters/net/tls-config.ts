import { X509Certificate } from 'node:crypto'

/** Whether a text is a PEM certificate. */
export function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** Whether a text is an https URL without credentials or query, which is safe to show. */
export function isPlainHttps(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.search === ''
}
