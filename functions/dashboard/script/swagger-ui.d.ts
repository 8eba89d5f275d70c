/** The global that Swagger UI's script defines, with the options in use. */
interface Window {
  SwaggerUIBundle(options: {
    url: string
    dom_id: string
    deepLinking: boolean
    persistAuthorization: boolean
    validatorUrl: string | null
  }): void
}
