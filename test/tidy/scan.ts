/**
 * The little of TypeScript's lexis the checker needs: where comments and strings are, and which modules a file imports.
 * Template substitutions stay code; regular expressions are told from division by what stands before them.
 */

const BEFORE_EXPRESSION =
  /(?:^|[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new))\s*$/;

/** Position after the string that starts at `start` with quote `text[start]`. */
function endOfString(text: string, start: number): number {
  const quote = text[start];
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfRegularExpression(text: string, start: number): number {
  let at = start + 1;
  let inClass = false;
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true;
    if (text[at] === ']') inClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}

/** Position after the run of template text that starts at `start`: past the closing backquote, or past `${`. */
function endOfTemplateText(text: string, start: number): { readonly at: number; readonly opensCode: boolean } {
  let at = start;
  while (at < text.length) {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '`') return { at: at + 1, opensCode: false };
    else if (text.startsWith('${', at)) return { at: at + 2, opensCode: true };
    else at += 1;
  }
  return { at, opensCode: false };
}

/** Same length and line breaks as `text`, with comments and what stands between quotes as spaces. */
export function blankCommentsAndStrings(text: string): string {
  let out = '';
  let at = 0;
  /** For every open `${`: how many plain braces are open inside it. */
  const templates: number[] = [];
  const blankUntil = (end: number): void => {
    out += text.slice(at, end).replace(/[^\n]/g, ' ');
    at = end;
  };
  /** Keeps the quotes: what follows a string must not look as if it followed an operator. */
  const blankInside = (end: number): void => {
    out += text[at];
    at += 1;
    blankUntil(end - 1);
    out += text[at] ?? '';
    at = end;
  };
  const template = (): void => {
    const { at: end, opensCode } = endOfTemplateText(text, at + 1);
    blankInside(end);
    if (opensCode) templates.push(0);
  };
  while (at < text.length) {
    const character = text[at]!;
    const depth = templates.at(-1);
    if (text.startsWith('//', at)) blankUntil(text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at));
    else if (text.startsWith('/*', at))
      blankUntil(text.indexOf('*/', at) < 0 ? text.length : text.indexOf('*/', at) + 2);
    else if (character === "'" || character === '"') blankInside(endOfString(text, at));
    else if (character === '`') template();
    else if (character === '/' && BEFORE_EXPRESSION.test(out.slice(-40))) blankInside(endOfRegularExpression(text, at));
    else if (character === '}' && depth === 0) {
      templates.pop();
      template();
    } else {
      if (depth !== undefined && character === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && character === '}') templates[templates.length - 1] = depth - 1;
      out += character;
      at += 1;
    }
  }
  return out;
}

/** Modules named in `import … from`, `export … from`, `import '…'` and `import('…')`; comments do not count. */
export function importedModules(text: string): string[] {
  const modules = new Set<string>();
  for (const match of blankCommentsAndStrings(text).matchAll(/\b(?:from|import|require)\s*\(?/g)) {
    // The blanked text has spaces where a string stood, so the quote is looked up in the text itself.
    const quoted = /^\s*(['"])([^'"\n]+)\1/.exec(text.slice(match.index + match[0].trimEnd().length));
    if (quoted !== null) modules.add(quoted[2]!);
  }
  return [...modules];
}
