import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProblemCatalog, pageName } from './problem-catalog';
import type { ProblemEntry } from './problem-codes';
import { projectRoot } from './product';

/** Folder of the pages that the `type` of problems points to, one per code: `view-behind.md`. */
export const problemPagesFolder = join(projectRoot, 'docs/problems');

/**
 * The page about a problem code as HTML.
 *
 * @param name of the page, as in the URL
 * @returns `undefined` when no code has this name
 */
export function problemPage(catalog: ProblemCatalog, name: string): string | undefined {
  for (const [code, entry] of catalog.codes()) {
    if (pageName(code) === name) {
      return htmlPage(code, markdownToHtml(readPage(name) ?? defaultPage(code, entry)));
    }
  }
  return undefined;
}

function readPage(name: string): string | undefined {
  const file = join(problemPagesFolder, `${name}.md`);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function defaultPage(code: string, { status, title }: ProblemEntry): string {
  return `# ${code}\n\n${title}.\n\nStatus: ${status}\n`;
}

function htmlPage(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="/docs/page.css">
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

/** The little Markdown that the pages use: headings, paragraphs, lists, indented code, `code` and **bold**. */
export function markdownToHtml(markdown: string): string {
  return markdown
    .trim()
    .split(/\n{2,}/)
    .map((block) => {
      const heading = /^(#{1,3}) (.+)$/.exec(block);
      if (heading) {
        const level = heading[1]?.length ?? 1;
        return `<h${level}>${inline(heading[2] ?? '')}</h${level}>`;
      }
      const lines = block.split('\n');
      if (lines.every((line) => line.startsWith('    '))) {
        return `<pre><code>${escapeHtml(lines.map((line) => line.slice(4)).join('\n'))}</code></pre>`;
      }
      if (lines[0]?.startsWith('- ')) {
        const items = block.split(/\n?^- /m).filter((item) => item !== '');
        return `<ul>\n${items.map((item) => `<li>${inline(item)}</li>`).join('\n')}\n</ul>`;
      }
      return `<p>${inline(block)}</p>`;
    })
    .join('\n');
}

function inline(text: string): string {
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
