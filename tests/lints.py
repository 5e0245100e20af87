"""The architecture's rules as functions: each takes a module and says what breaks the rule, or nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[1]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

HEAVY_HOMES = {
    "aiohttp": ("demur.engines.transport",),
    "tenacity": ("demur.engines.retrying",),
    "anthropic": ("demur.engines.anthropic",),
    "openai": ("demur.engines.azure_openai",),
    "httpx2": ("demur.engines.anthropic", "demur.engines.azure_openai", "demur.engines.model_hub", "demur.run.push"),
    "ibm_watsonx_ai": ("demur.engines.watsonx",),
    "httpx": ("demur.engines.watsonx",),
    "vllm": ("demur.engines.vllm",),
    "jinja2": ("demur.stages.render", "demur.stages.sandbox", "demur.outputs.report"),
    "markupsafe": ("demur.outputs.report",),
    "sqlite3": ("demur.run.journal",),
    "yaml": ("demur.inputs.yaml_text",),
    "pyarrow": ("demur.inputs.rows", "demur.outputs.parquet"),
    "model2vec": ("demur.stages.semantic",),
    "numpy": ("demur.stages.semantic", "demur.stages.measure_vendi"),
    "xllamacpp": ("demur.engines.llama_models",),
    "rapidfuzz": ("demur.stages.novelty", "demur.stages.choose_diverse"),
    "huggingface_hub": ("demur.engines.model_files", "demur.engines.model_hub", "demur.run.push"),
    "rich": ("demur.cli",),
    "argparse": ("demur.cli",),
    "pydantic": ("demur.inputs", "demur.run.exposure"),
    "pydantic_core": ("demur.inputs",),
}
"""Packages, each with the only modules or folders that may import it."""

LAZY = (
    *("aiohttp", "tenacity", "vllm", "pyarrow", "model2vec", "numpy"),
    *("anthropic", "openai", "httpx2", "ibm_watsonx_ai", "httpx", "huggingface_hub", "xllamacpp"),
)
"""Packages that no module imports just by being imported."""

PROVIDERS = {
    # A vLLM server speaks OpenAI's protocol.
    "OpenAIEngine": ("demur.engines.openai", "demur.engines.vllm_server"),
    "VLLMServerEngine": ("demur.engines.vllm_server", "demur.engines.catalog"),
    "VLLMEngine": ("demur.engines.vllm", "demur.engines.catalog"),
    "OllamaEngine": ("demur.engines.ollama", "demur.engines.catalog"),
    "AnthropicEngine": ("demur.engines.anthropic", "demur.engines.catalog"),
    "AzureOpenAIEngine": ("demur.engines.azure_openai", "demur.engines.catalog"),
    "WatsonxEngine": ("demur.engines.watsonx", "demur.engines.catalog"),
    "LlamaCppEngine": ("demur.engines.llama_cpp", "demur.engines.catalog"),
    "EmbeddedEngine": ("demur.engines.embedded", "demur.engines.catalog"),
    "ScriptedEngine": ("demur.engines.scripted", "demur.engines.catalog", "demur"),
    "GraniteGuard": ("demur.guards.granite",),
    "EmbeddedGuard": ("demur.guards.embedded", "demur.guards.catalog"),
    "PolicyJudge": ("demur.guards.policy_judge", "demur.guards.catalog"),
    "Qwen3Guard": ("demur.guards.qwen3_guard", "demur.guards.catalog"),
    "LlamaGuard": ("demur.guards.llama_guard", "demur.guards.catalog"),
    "WildGuard": ("demur.guards.wildguard", "demur.guards.catalog"),
    "EnsembleGuard": ("demur.guards.ensemble", "demur.guards.catalog"),
}
"""Engines and guards by class, each with the only modules that may name it."""

EMPTY_NAMES = ("utils", "util", "helpers", "helper", "common", "misc", "tools", "manager", "handler")
EMPTY_SUFFIXES = ("Manager", "Handler", "Helper", "Utils")


@dataclass(frozen=True)
class Module:
    """A module as source: its dotted name, where it stands, its tree."""

    name: str
    path: str
    text: str
    tree: ast.Module

    def within(self, *homes: str) -> bool:
        """Whether it is one of these modules, or inside one of these packages (`demur` stands for itself only)."""
        return any(self.name == home or (home != "demur" and self.name.startswith(home + ".")) for home in homes)

    def at(self, node: ast.stmt | ast.expr, words: str) -> str:
        """A complaint with its place."""
        return f"{self.path}:{node.lineno}: {words}"


def parse_module(text: str, name: str = "demur.sample", path: str = "sample.py") -> Module:
    """A module from its text."""
    return Module(name, path, text, ast.parse(text))


def read_modules(folder: Path) -> list[Module]:
    """Every module below a folder that holds packages."""
    modules = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules.append(parse_module(path.read_text(encoding="utf-8"), name, str(path.relative_to(ROOT))))
    return modules


Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(module: Module) -> Iterator[Function]:
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def _calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call, with what is called as it is written."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str, str]]:
    """Every import: the statement, the module's full name, and the name taken from it ("" for the module itself)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, node.module or "", alias.name) for alias in node.names)


def check_size(module: Module) -> Iterator[str]:
    """Files stay under 400 lines, functions under 60."""
    lines = len(module.text.splitlines())
    if lines >= MAX_FILE_LINES:
        yield f"{module.path}: {lines} lines"
    for function in _functions(module):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length >= MAX_FUNCTION_LINES:
            yield module.at(function, f"{function.name} has {length} lines")


def check_tasks(module: Module) -> Iterator[str]:
    """Work runs in task groups: nothing is gathered, and no task is let loose."""
    for call, name in _calls(module):
        owner, _, method = name.rpartition(".")
        if method in ("gather", "ensure_future") and owner in ("", "asyncio"):
            yield module.at(call, f"{name}: use a TaskGroup")
        elif method == "create_task" and "group" not in owner.lower():
            yield module.at(call, f"{name}: use a TaskGroup's")


def check_terminal(module: Module) -> Iterator[str]:
    """Only the command line prints, asks or exits."""
    if module.within("demur.cli", "demur.__main__", "demur.engines.watchdog"):  # the watchdog is a program of its own
        return
    for call, name in _calls(module):
        if name in ("print", "input", "exit", "quit", "sys.exit", "os._exit", "breakpoint"):
            yield module.at(call, f"{name} outside demur.cli")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr", "sys.argv"):
            yield module.at(node, f"{ast.unparse(node)} outside demur.cli")


def check_packages(module: Module) -> Iterator[str]:
    """A third party's package is imported where it belongs, and the heavy ones only when they are needed."""
    for statement, name, _ in _imports(module.tree):
        package = name.partition(".")[0]
        homes = HEAVY_HOMES.get(package)
        if homes and not module.within(*homes):
            yield module.at(statement, f"{package} is imported only in {', '.join(homes)}")
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for _, name, _ in _imports(ast.Module([statement], [])):
                if name.partition(".")[0] in LAZY:
                    yield module.at(statement, f"{name} is imported when it is needed, not with the module")


def check_providers(module: Module) -> Iterator[str]:
    """Engines and guards are known by name to the catalogs alone."""
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        names += [node.id] if isinstance(node, ast.Name) else []
        for name in names:
            if name in PROVIDERS and not module.within(*PROVIDERS[name]):
                yield f"{module.path}: {name} is named only in {', '.join(PROVIDERS[name])}"


def check_groups(module: Module) -> Iterator[str]:
    """What is raised inside `except*` comes out plain or in a group, by the patch release of Python."""
    for node in ast.walk(module.tree):
        for handler in node.handlers if isinstance(node, ast.TryStar) else ():
            for inner in ast.walk(handler):
                if isinstance(inner, ast.Raise):
                    yield module.at(inner, "raise after the `except*`, not inside it")


def check_names(module: Module) -> Iterator[str]:
    """Names say what a thing is."""
    last = module.name.rpartition(".")[2]
    if last in EMPTY_NAMES:
        yield f"{module.path}: {last} says nothing"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_SUFFIXES):
            yield module.at(node, f"{node.name} says nothing")


def check_privacy(module: Module) -> Iterator[str]:
    """What begins with an underscore stays in its module; relative imports hide where a name comes from."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield module.at(node, "a relative import")
    for statement, name, taken in _imports(module.tree):
        private = [part for part in (*name.split("."), taken) if part.startswith("_") and not part.startswith("__")]
        if name.partition(".")[0] == "demur" and private:
            yield module.at(statement, f"{private[0]} is private to its module")


def check_signatures(module: Module) -> Iterator[str]:
    """Outside `inputs`, where YAML is read, no `Any` stands in a public signature."""
    if module.within("demur.inputs"):
        return
    for function in _functions(module):
        if function.name.startswith("_"):
            continue
        arguments = function.args
        hints = [each.annotation for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        for hint in (*hints, function.returns):
            names = {node.id for node in ast.walk(hint) if isinstance(node, ast.Name)} if hint else set()
            if "Any" in names:
                yield module.at(function, f"{function.name} takes or gives Any")


def check_dataclasses(module: Module) -> Iterator[str]:
    """Dataclasses have slots; the ones that are records, and travel, are frozen too."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            written = ast.unparse(decorator)
            if not written.startswith("dataclass"):
                continue
            if "slots=True" not in written:
                yield module.at(node, f"{node.name} has no slots")
            if module.within("demur.records", "demur.engines.base") and "frozen=True" not in written:
                yield module.at(node, f"{node.name} is not frozen")


def check_test_docstrings(module: Module) -> Iterator[str]:
    """Every test says in one sentence which behaviour it holds."""
    for function in _functions(module):
        if function.name.startswith("test_"):
            words = ast.get_docstring(function) or ""
            if not words.rstrip().endswith((".", "!", "?")):
                yield module.at(function, f"{function.name} does not say what it holds")


Check: TypeAlias = Callable[[Module], Iterator[str]]

SOURCE_CHECKS: tuple[Check, ...] = (
    check_size,
    check_tasks,
    check_terminal,
    check_packages,
    check_providers,
    check_groups,
    check_names,
    check_privacy,
    check_signatures,
    check_dataclasses,
)
