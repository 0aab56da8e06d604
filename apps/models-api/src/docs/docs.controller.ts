import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { renderOpenApi } from '@attune/contracts';
import { PublicRoute } from '@attune/http';
import { AppError } from '@attune/kernel';

const page = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Attune API</title>
  <link rel="icon" href="/docs/assets/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
  <div id="api"></div>
  <script src="/docs/assets/swagger-ui-bundle.js"></script>
  <script>SwaggerUIBundle({ url: '/docs/openapi.json', dom_id: '#api', deepLinking: true, persistAuthorization: false })</script>
</body>
</html>
`;

const assetsDirectory = dirname(require.resolve('swagger-ui-dist/package.json'));

/** All that the page needs; nothing else of the folder is served. */
const assetTypes = new Map([
  ['favicon-32x32.png', 'image/png'],
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
]);

/** The API's own documentation, made from the contract it is served by. */
@PublicRoute()
@Controller('docs')
export class DocsController {
  private readonly document = renderOpenApi();

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return page;
  }

  @Get('openapi.json')
  openApi(): unknown {
    return this.document;
  }

  @Get('assets/:file')
  @Header('cache-control', 'public, max-age=86400')
  asset(@Param('file') file: string): StreamableFile {
    const type = assetTypes.get(file);
    if (type === undefined) throw new AppError('NOT_FOUND', 'There is nothing at this address');
    return new StreamableFile(createReadStream(join(assetsDirectory, file)), { type });
  }
}
