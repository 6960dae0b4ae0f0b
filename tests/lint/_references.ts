/// <reference lib="deno.unstable" />
/**
 * Which identifiers of a syntax tree stand for a global value. Lint plugins get a tree without scopes, so the
 * little that is needed of them is worked out here.
 *
 * @module
 */

type Node = Deno.lint.Node;
type Identifier = Deno.lint.Identifier;

/** Wrappers of TypeScript that hold a value; an identifier below any other `TS…` node is part of a type. */
const VALUE_WRAPPERS: ReadonlySet<string> = new Set([
  "TSAsExpression",
  "TSNonNullExpression",
  "TSSatisfiesExpression",
  "TSTypeAssertion",
  "TSExportAssignment",
]);

/**
 * Whether `node` reads a value by its name: neither a declaration, nor the name of a property, a label or a type,
 * nor a name that a scope around it binds.
 */
export function readsGlobal(node: Identifier, ancestors: readonly Node[]): boolean {
  return readsValue(node) && !ancestors.some((ancestor) => bindings(ancestor).includes(node.name));
}

function readsValue(node: Identifier): boolean {
  const parent = node.parent;
  if (parent.type.startsWith("TS")) return VALUE_WRAPPERS.has(parent.type);
  switch (parent.type) {
    case "MemberExpression":
      return parent.computed || !same(parent.property, node);
    case "Property":
      if (parent.parent.type === "ObjectPattern") return parent.computed && same(parent.key, node);
      return parent.computed || parent.shorthand || !same(parent.key, node);
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.computed || !same(parent.key, node);
    case "VariableDeclarator":
      return !same(parent.id, node);
    case "AssignmentPattern":
      return !same(parent.left, node);
    case "ArrowFunctionExpression":
      return same(parent.body, node);
    case "ExportSpecifier":
      return parent.parent.source === null;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ClassDeclaration":
    case "ClassExpression":
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
    case "ImportAttribute":
    case "MetaProperty":
    case "RestElement":
    case "ArrayPattern":
    case "CatchClause":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return false;
    default:
      return true;
  }
}

/** Nodes are handed out anew at each access; their ranges tell whether they are the same. */
function same(a: Node | Deno.lint.Parameter | null, b: Node): boolean {
  return a !== null && a.range[0] === b.range[0] && a.range[1] === b.range[1];
}

/** The names that a scope binds for what it encloses. */
function bindings(scope: Node): string[] {
  switch (scope.type) {
    case "Program":
    case "BlockStatement":
    case "StaticBlock":
      return scope.body.flatMap(declared);
    case "SwitchCase":
      return scope.consequent.flatMap(declared);
    case "ForStatement":
      return scope.init === null ? [] : declared(scope.init);
    case "ForInStatement":
    case "ForOfStatement":
      return declared(scope.left);
    case "CatchClause":
      return scope.param === null ? [] : names(scope.param);
    case "FunctionDeclaration":
    case "ArrowFunctionExpression":
      return scope.params.flatMap(names);
    case "FunctionExpression":
      return [...scope.params.flatMap(names), ...(scope.id === null ? [] : [scope.id.name])];
    default:
      return [];
  }
}

function declared(statement: Node): string[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement.declarations.flatMap((declarator) => names(declarator.id));
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return statement.id === null ? [] : [statement.id.name];
    case "ImportDeclaration":
      return statement.specifiers.map((specifier) => specifier.local.name);
    case "ExportNamedDeclaration":
      return statement.declaration === null ? [] : declared(statement.declaration);
    default:
      return [];
  }
}

function names(pattern: Node | Deno.lint.Parameter | null): string[] {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "AssignmentPattern":
      return names(pattern.left);
    case "RestElement":
      return names(pattern.argument);
    case "ArrayPattern":
      return pattern.elements.flatMap(names);
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        property.type === "Property" ? names(property.value) : names(property)
      );
    default:
      return [];
  }
}
