import { X509Certificate } from 'node:crypto'

/** Whether a text is a certificate in PEM. */
export function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** Whether a text is an https URL that holds no credentials and no query, so that it may be shown. */
export function isPlainHttps(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && url.search === ''
}
