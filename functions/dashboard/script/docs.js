// Swagger UI switches to dark by a class, so follow the system setting here.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  // A key that is entered here is not stored.
  persistAuthorization: false,
  // Do not send the document to an external validator.
  validatorUrl: null,
})
