"""What the house tests read: our source files, parsed once, and the modules they import."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "initiatives", "volunteers", "seminars")
GENERATED = {".venv", "var", ".git", "vendor", "__pycache__"}


@cache
def files(*suffixes):
    """Files under version control (in an unpacked archive: all), vendored ones aside, relative to the root."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        paths = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
    return sorted(
        path
        for path in paths
        if (ROOT / path).is_file()
        and not GENERATED & set(path.parts)
        and (not suffixes or path.suffix in suffixes)
    )


def read(path):
    return (ROOT / path).read_text()


@cache
def product():
    """Our Python modules without tests and migrations: dotted name → (path, tree)."""
    found = {}
    for path in files(".py"):
        if path.parts[0] in APPS and "migrations" not in path.parts:
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            found[name] = (path, ast.parse(read(path)))
    return found


def _for_types_only(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


@cache
def imports(tree):
    """(imported name, line, whether it stands at the top) of every import that runs."""
    return tuple(_imports(tree, top=True))


def _imports(tree, *, top):
    for node in ast.iter_child_nodes(tree):
        if _for_types_only(node):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{'.' * node.level}{node.module or ''}.{alias.name}", node.lineno, top
        else:
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(node, top=top and not inside)


@cache
def graph():
    """Our module → {our module: line} of what it imports."""
    modules = product()
    edges = {}
    for name, (_path, tree) in modules.items():
        edges[name] = {}
        for imported, line, _top in imports(tree):
            target = imported if imported in modules else imported.rpartition(".")[0]
            if target in modules and target != name:
                edges[name].setdefault(target, line)
    return edges


def cycle():
    """A list of modules that import each other in a circle, or nothing."""
    edges, done = graph(), set()

    def visit(name, path):
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return None
        for target in edges[name]:
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return None

    for name in edges:
        if found := visit(name, []):
            return found
    return None


def functions(tree, *, outer=""):
    """(qualified name, node) of every function and method, those inside functions aside."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, outer=f"{outer}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{outer}{node.name}", node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from functions(node, outer=outer)
