// Swagger UI is dark by a class, not by what the reader's system says.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', follow)
follow()

window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  // A key that is typed here is gone with the page.
  persistAuthorization: false,
  // Nobody else is asked whether the document is valid.
  validatorUrl: null,
})
