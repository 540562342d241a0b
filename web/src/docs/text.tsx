/** The little of Markdown that the contract's descriptions use: paragraphs, lists, tables, bold, code and links. */
import type { ComponentChildren } from 'preact';

function inline(words: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  const pattern = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^)\s]+|\/[^)\s]*)\)/g;
  let last = 0;
  for (const m of words.matchAll(pattern)) {
    out.push(words.slice(last, m.index));
    if (m[1] !== undefined) out.push(<code>{m[1]}</code>);
    else if (m[2] !== undefined) out.push(<strong>{m[2]}</strong>);
    else out.push(<a href={m[4]} rel="noopener noreferrer">{m[3]}</a>);
    last = m.index + m[0].length;
  }
  out.push(words.slice(last));
  return out;
}

export function Prose({ of }: { of: string | undefined }) {
  if (!of) return null;
  return (
    <div class="prose">
      {of.trim().split(/\n\s*\n/).map((block, i) => {
        const lines = block.split('\n');
        if (lines.every((l) => /^\s*([-*]|\d+\.)\s|^\s{2,}\S/.test(l)) && /^\s*([-*]|\d+\.)\s/.test(block)) {
          const items: string[] = [];
          for (const l of lines) {
            if (/^\s*([-*]|\d+\.)\s/.test(l)) items.push(l.replace(/^\s*([-*]|\d+\.)\s+/, ''));
            else items[items.length - 1] += ` ${l.trim()}`;
          }
          return <ul key={i}>{items.map((x) => <li key={x}>{inline(x)}</li>)}</ul>;
        }
        if (lines.length > 2 && lines.every((l) => l.trim().startsWith('|'))) {
          const rows = lines.filter((l) => !/^\s*\|[\s|:-]+\|?\s*$/.test(l)).map((l) => l.trim().replace(/^\||\|$/g, '').split('|').map((c) => c.trim()));
          const [head = [], ...body] = rows;
          return <div class="scrolls" tabIndex={0} key={i}><table><thead><tr>{head.map((c, k) => (c === '' ? <td key={k} /> : <th scope="col" key={k}>{inline(c)}</th>))}</tr></thead><tbody>{body.map((r, j) => <tr key={j}>{r.map((c, k) => <td key={k}>{inline(c)}</td>)}</tr>)}</tbody></table></div>;
        }
        return <p key={i}>{inline(lines.join(' '))}</p>;
      })}
    </div>
  );
}
