/** The few kinds of XML that IDEs keep their configurations in. */

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"\n]/g, (char) => ESCAPES[char] ?? char);
}

/** ` name="value"` for each. */
export function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");
}

export type LaunchValue = string | number | boolean | readonly string[];

/** A .launch file of Eclipse, in the order in which Eclipse would write it. */
export function launchFile(type: string, values: Readonly<Record<string, LaunchValue>>): string {
  const lines = Object.entries(values)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => launchAttribute(key, value));
  return [
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
    `<launchConfiguration${attributes({ type })}>`,
    ...lines,
    "</launchConfiguration>",
    "",
  ].join("\n");
}

function launchAttribute(key: string, value: LaunchValue): string {
  if (typeof value === "object") {
    const entries = value.map((entry) => `        <listEntry${attributes({ value: entry })}/>\n`).join("");
    return `    <listAttribute${attributes({ key })}>\n${entries}    </listAttribute>`;
  }
  const kind = typeof value === "number" ? "int" : typeof value;
  return `    <${kind}Attribute${attributes({ key, value })}/>`;
}
