/// <reference lib="deno.unstable" />
/**
 * Reads what a module imports, with the parser of `deno lint`: it is the one that Deno itself has, and needs no
 * dependency.
 *
 * @module
 */

/** How a module names another. */
export type ImportKind =
  /** At run time. */
  | "value"
  /** Types alone; erased. */
  | "type"
  /** `new URL("./x", import.meta.url)` or `import.meta.resolve("./x")`: a worker's module, or a file. */
  | "url"
  /** `import(expression)`: only a run could tell what it names. */
  | "computed";

/** One place where a module names another. */
export interface Import {
  readonly kind: ImportKind;
  /** The specifier as written; for a computed import its expression. */
  readonly specifier: string;
}

/** A module, as far as the layer rules look at it. */
export interface ParsedModule {
  readonly imports: readonly Import[];
  /** Whether every statement is an `export … from`. */
  readonly reexportsOnly: boolean;
}

/**
 * Parses a module.
 *
 * @param path Its name; the extension decides between TypeScript and JavaScript.
 * @throws {SyntaxError} If the source is not a module.
 */
export function parseModule(path: string, source: string): ParsedModule {
  const imports: Import[] = [];
  let reexportsOnly = true;

  const add = (kind: ImportKind, specifier: string) => {
    imports.push({ kind, specifier });
  };
  const collector: Deno.lint.Rule = {
    create: (context) => ({
      Program(node) {
        reexportsOnly = node.body.every((statement) =>
          statement.type === "ExportAllDeclaration" ||
          statement.type === "ExportNamedDeclaration" && statement.source !== null
        );
      },
      ImportDeclaration(node) {
        add(importKind(node), node.source.value);
      },
      ExportAllDeclaration(node) {
        add(node.exportKind, node.source.value);
      },
      ExportNamedDeclaration(node) {
        if (node.source === null) return;
        const typesAlone = node.specifiers.length > 0 &&
          node.specifiers.every((specifier) => specifier.exportKind === "type");
        add(typesAlone ? "type" : node.exportKind, node.source.value);
      },
      TSImportType(node) {
        const literal = node.argument.type === "TSLiteralType" ? node.argument.literal : undefined;
        add("type", literal && literalText(literal) || context.sourceCode.getText(node.argument));
      },
      ImportExpression(node) {
        const specifier = literalText(node.source);
        if (specifier === undefined) add("computed", context.sourceCode.getText(node.source));
        else add("value", specifier);
      },
      NewExpression(node) {
        const [first, second] = node.arguments;
        if (node.callee.type !== "Identifier" || node.callee.name !== "URL") return;
        if (first === undefined || second === undefined || !isImportMeta(second, "url")) return;
        const specifier = literalText(first);
        if (specifier !== undefined) add("url", specifier);
      },
      CallExpression(node) {
        const [first] = node.arguments;
        if (first === undefined || !isImportMeta(node.callee, "resolve")) return;
        const specifier = literalText(first);
        if (specifier !== undefined) add("url", specifier);
      },
    }),
  };

  Deno.lint.runPlugin({ name: "layers", rules: { collector } }, path, source);
  return { imports, reexportsOnly };
}

function importKind(node: Deno.lint.ImportDeclaration): ImportKind {
  const typesAlone = node.specifiers.length > 0 &&
    node.specifiers.every((specifier) =>
      specifier.type === "ImportSpecifier" && specifier.importKind === "type"
    );
  return typesAlone ? "type" : node.importKind;
}

/** The text of a string, or of a template without expressions. */
function literalText(node: Deno.lint.Node): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type !== "TemplateLiteral" || node.expressions.length > 0) return undefined;
  return node.quasis.map((quasi) => quasi.cooked).join("");
}

function isImportMeta(node: Deno.lint.Node, property: string): boolean {
  return node.type === "MemberExpression" && node.object.type === "MetaProperty" &&
    node.property.type === "Identifier" && node.property.name === property;
}
