import { html } from 'hono/html'

/**
 * The page at `/`: a shell without data. Its script loads the data from the API with the key that the user
 * enters. All URLs are relative, so that the page works under any path.
 */
export function shell(explorer: string | null) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>Splicekeeper</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="dashboard.css" />
        <script type="module" src="dashboard.js"></script>
      </head>
      <body data-explorer="${explorer ?? ''}">
        <a class="skip" href="#main" data-action="skip">Skip to the content</a>
        <header>
          <p class="brand">Splicekeeper</p>
          <nav aria-label="Pages" hidden>
            <ul>
              <li><a href="#/" data-page="splices">Splices</a></li>
              <li><a href="#/nodes" data-page="nodes">Nodes</a></li>
              <li><a href="docs" target="_blank" rel="noopener noreferrer">API</a></li>
            </ul>
          </nav>
          <button type="button" id="forget" hidden>Forget key</button>
        </header>
        <div class="freshness">
          <p id="freshness" role="status"></p>
          <p id="updated"></p>
          <button type="button" id="update" hidden>Update now</button>
        </div>
        <p id="notice" role="status"></p>
        <main id="main">
          <noscript><p>This page needs JavaScript.</p></noscript>
        </main>
      </body>
    </html>`
}
