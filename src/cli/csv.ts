/**
 * CSV as RFC 4180 defines it.
 *
 * @module
 */

/** What became of one more line. */
export type CsvRecord = readonly string[] | "unfinished" | { readonly problem: string };

/**
 * Splits one record into its fields. Quotes may hold commas, line ends and doubled quotes.
 *
 * @param record One line, or several joined by `\n`.
 * @returns `unfinished` if a quote is open at the end: the record goes on in the next line.
 */
export function parseCsvRecord(record: string, separator = ","): CsvRecord {
  if (!record.includes('"')) return record.split(separator);
  const fields: string[] = [];
  for (let at = 0;;) {
    if (record[at] !== '"') {
      const end = record.indexOf(separator, at);
      const field = end < 0 ? record.slice(at) : record.slice(at, end);
      if (field.includes('"')) {
        return { problem: "a quote stands inside a field that does not begin with one" };
      }
      fields.push(field);
      if (end < 0) return fields;
      at = end + 1;
      continue;
    }
    const end = closingQuote(record, at + 1);
    if (end < 0) return "unfinished";
    fields.push(record.slice(at + 1, end).replaceAll('""', '"'));
    if (end + 1 === record.length) return fields;
    if (record[end + 1] !== separator) return { problem: "text follows a closing quote" };
    at = end + 2;
  }
}

function closingQuote(record: string, from: number): number {
  for (let at = from;;) {
    const quote = record.indexOf('"', at);
    if (quote < 0 || record[quote + 1] !== '"') return quote;
    at = quote + 2;
  }
}

/** Writes one record, with quotes where they are needed, and its line end. */
export function formatCsvRecord(fields: readonly (string | number | null)[]): string {
  return `${fields.map(formatField).join(",")}\r\n`;
}

function formatField(field: string | number | null): string {
  const text = field === null ? "" : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
