"""Audio in and out: 16 kHz mono, samples as float32 from -1 to 1."""

import wave
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from numpy.typing import NDArray

RATE = 16_000
Samples = NDArray[np.float32]


class UnreadableAudio(Exception):
    """The file is missing, is not audio, or is damaged."""


def read_audio(path: Path) -> Samples:
    """All samples of a file's first audio stream, as 16 kHz mono. Raises UnreadableAudio."""
    samples = _read_plain_wave(path)
    return samples if samples is not None else _decode(path)


def _read_plain_wave(path: Path) -> Samples | None:
    """The commonest request by far, a 16-bit 16 kHz mono WAV, without starting a decoder."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
                return None
            return _from_int16(file.readframes(file.getnframes()))
    except (wave.Error, EOFError, OSError):
        return None


def _decode(path: Path) -> Samples:
    parts: list[bytes] = []
    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise UnreadableAudio("The file holds no audio.")
            resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(container.streams.audio[0]):
                parts += [bytes(part.planes[0])[: part.samples * 2] for part in resampler.resample(frame)]
            parts += [bytes(part.planes[0])[: part.samples * 2] for part in resampler.resample(None)]
    except (FFmpegError, OSError) as error:
        raise UnreadableAudio("The audio is missing or damaged.") from error
    return _from_int16(b"".join(parts))


def _from_int16(data: bytes) -> Samples:
    return np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768)


def write_flac(path: Path, samples: Samples) -> None:
    """Writes 16-bit FLAC."""
    pcm = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
    with av.open(str(path), mode="w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        stream.format = "s16"
        for start in range(0, len(pcm), 4096):
            frame = av.AudioFrame.from_ndarray(pcm[None, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate = RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
