// Writes the script and the style of the HTML report as texts that policyc carries; with --check it fails where they are stale.
import { join } from 'node:path';
import { build } from 'esbuild';
import { writeGenerated } from './write-generated.ts';

const folder = join(import.meta.dirname, '..', 'src', 'report');

async function bundled(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, file)],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2022',
    format: 'iife',
  });
  return outputFiles[0]?.text.trim() ?? '';
}

const [script, style] = await Promise.all(['page.ts', 'page.css'].map(bundled));
writeGenerated({
  'src/compiler/cli/report-page.generated.ts': () => `// Generated from src/report by scripts/generate-report.ts: \`npm run generate\`.

export const pageScript = ${JSON.stringify(script)};
export const pageStyle = ${JSON.stringify(style)};
`,
});
