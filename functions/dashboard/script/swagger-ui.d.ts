/** What Swagger UI's script leaves behind; its options as far as they are used. */
interface Window {
  SwaggerUIBundle(options: {
    url: string
    dom_id: string
    deepLinking: boolean
    persistAuthorization: boolean
    validatorUrl: string | null
  }): void
}
