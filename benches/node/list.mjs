// The list of a workbook, read by SheetJS: header by content, phones normalised, a verdict for every row. The rules are those
// of the function parse-import, as far as the list needs them.

import { readFileSync } from 'node:fs';
import { read } from 'xlsx';

const NAMES = new Set(['이름', '성명', '고객명', '성함', 'name']);
const PHONES = new Set(['휴대폰', '휴대전화', '핸드폰', '연락처', '전화번호', 'phone', 'mobile']);
const GROUPS = new Set(['그룹', '그룹명', '분류', '구분', 'group']);
const HEADER_SEARCH = 100;

/** Everything that the sheet is not asked for is switched off; `dense` keeps rows as arrays. */
const FASTEST = {
  type: 'buffer',
  dense: true,
  sheets: 0,
  cellFormula: false,
  cellHTML: false,
  cellText: false,
  cellStyles: false,
  cellNF: false,
};

/** The rows of the first sheet with their verdicts, and the columns. */
export function readList(file) {
  const workbook = read(readFileSync(file), FASTEST);
  const sheet = workbook.Sheets[workbook.SheetNames[0]];
  const cells = sheet['!data'] ?? sheet;
  const header = findHeader(cells);
  if (!header) throw new Error('no header');
  const firstWithPhone = new Map();
  const rows = [];
  for (let at = header.at + 1; at < cells.length; at += 1) {
    const line = cells[at];
    if (!line) continue;
    const name = tidy(text(line[header.name]));
    const phoneText = text(line[header.phone]).trim();
    const group = header.group < 0 ? '' : tidy(text(line[header.group]));
    const attributes = {};
    for (const { at: column, header: title } of header.others) {
      const value = text(line[column]).trim();
      if (value) attributes[title] = value;
    }
    const number = at + 1;
    const phone = normalise(phoneText);
    let verdict = 'new';
    let duplicateOf = null;
    if (!name) verdict = 'missing_name';
    else if (!phone) verdict = 'bad_phone';
    else if (firstWithPhone.has(phone)) {
      verdict = 'duplicate_in_file';
      duplicateOf = firstWithPhone.get(phone);
    } else firstWithPhone.set(phone, number);
    rows.push({ number, name, phoneText, phone, group, attributes, verdict, duplicateOf });
  }
  return { sheet: workbook.SheetNames[0], headerRow: header.at + 1, columns: header.titles, rows };
}

function findHeader(cells) {
  for (let at = 0; at < Math.min(cells.length, HEADER_SEARCH); at += 1) {
    const titles = Array.from(cells[at] ?? [], (cell) => tidy(text(cell)));
    const find = (names) => titles.findIndex((title) => names.has(title.toLowerCase()));
    const [name, phone, group] = [find(NAMES), find(PHONES), find(GROUPS)];
    if (name < 0 || phone < 0) continue;
    const others = titles
      .map((title, column) => ({ at: column, header: title }))
      .filter(({ at: column, header: title }) => title && ![name, phone, group].includes(column));
    return { at, titles, name, phone, group, others };
  }
  return null;
}

function text(cell) {
  return cell?.v === undefined || cell.v === null ? '' : String(cell.v);
}

function tidy(value) {
  return value.trim().replace(/\s+/g, ' ');
}

/** A Korean mobile number as E.164, or null. */
function normalise(value) {
  const typed = value.normalize('NFKC');
  if (!/^\+?[0-9\-.()/·\s]+$/.test(typed)) return null;
  let digits = typed.replace(/[^0-9]/g, '');
  if (typed.startsWith('+') || (digits.startsWith('82') && digits.length >= 11)) {
    if (!digits.startsWith('82')) return null;
    digits = digits.slice(2);
  }
  if (digits.startsWith('0')) digits = digits.slice(1);
  return /^(10\d{8}|1[16789]\d{7,8}|50\d{8,9})$/.test(digits) && !/^..0+$/.test(digits) ? `+82${digits}` : null;
}
