"""Speech made at run time by flite's voices; conditions made with numpy."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from attune_engine_whisper.audio import RATE, Samples, read_audio, write_flac
from attune_engine_whisper.files import sha256_of

VOICES = ("rms", "slt", "awb")

DICTATION = (
    "There is a subtle calcified granuloma in the right hepatic lobe.",
    "No evidence of hydronephrosis or ascites in the left kidney.",
    "Findings are consistent with subsegmental atelectasis.",
    "The gallbladder demonstrates cholelithiasis without ductal dilation.",
    "A spiculated mass is again noted adjacent to the azygos vein.",
    "Impression, moderate spondylolisthesis of the lumbar spine.",
    "Stable bronchiectasis is seen in the left lower lobe.",
    "There is minimal pericardial effusion and no pneumothorax.",
    "The mastoid air cells are clear and the sinuses are unremarkable.",
    "Diverticulosis of the sigmoid colon without diverticulitis.",
    "A hypoechoic nodule is present in the thyroid isthmus.",
    "Compared with the prior study, the lymphadenopathy has resolved.",
)
GENERAL = (
    "The train to the coast leaves at half past nine from the second platform.",
    "She bought fresh bread, two apples and a bottle of milk on the way home.",
    "After the storm the farmers walked through the fields to count the damage.",
    "My brother plays the violin in a small orchestra every Thursday evening.",
    "The museum opens its new wing next month with paintings from three countries.",
    "He forgot his umbrella, so he waited under the bridge until the rain stopped.",
    "They planted tomatoes and beans behind the house in early spring.",
    "The teacher asked the children to write a letter to their grandparents.",
    "A cold wind came down from the mountains and the lake began to freeze.",
    "The committee will meet again on Monday to choose a new chairman.",
)


@cache
def speak(text: str, voice: str = "rms", stretch: float = 1.0) -> Samples:
    if shutil.which("flite") is None:
        pytest.fail("flite, which speaks for these tests, is missing (Debian: apt-get install flite)")
    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}"]
    path = Path(subprocess.run(["mktemp", "--suffix=.wav"], capture_output=True, text=True, check=True).stdout.strip())
    try:
        subprocess.run([*command, "-t", text, "-o", str(path)], check=True)
        return read_audio(path)
    finally:
        path.unlink()


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def hum(seconds: float) -> Samples:
    t = np.arange(round(seconds * RATE)) / RATE
    waves = [0.1 / k * np.sin(2 * np.pi * 50 * k * t) for k in (1, 2, 3, 5)]
    return np.sum(waves, axis=0).astype(np.float32)


def white_noise(seconds: float, level: float = 0.05) -> Samples:
    return (level * np.random.default_rng(3).standard_normal(round(seconds * RATE))).astype(np.float32)


def pink_noise(seconds: float, level: float = 0.05) -> Samples:
    spectrum = np.fft.rfft(np.random.default_rng(4).standard_normal(round(seconds * RATE)))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, round(seconds * RATE))
    return (noise * (level / np.sqrt(np.mean(noise**2)))).astype(np.float32)


def noisy(speech: Samples, snr_db: float) -> Samples:
    noise = pink_noise(len(speech) / RATE + 1)[: len(speech)]
    ratio = np.linalg.norm(speech) / np.linalg.norm(noise) / 10 ** (snr_db / 20)
    return np.clip(speech + noise * ratio, -1, 1).astype(np.float32)


def telephone(speech: Samples) -> Samples:
    """300 to 3400 Hz and the eight-bit steps of mu-law."""
    spectrum = np.fft.rfft(speech)
    frequencies = np.fft.rfftfreq(len(speech), 1 / RATE)
    spectrum[(frequencies < 300) | (frequencies > 3400)] = 0
    narrow = np.clip(np.fft.irfft(spectrum, len(speech)), -1, 1)
    compressed = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
    steps: NDArray[np.int64] = np.rint(compressed * 127).astype(np.int64)
    return (np.sign(steps) * (256 ** (np.abs(steps) / 127) - 1) / 255).astype(np.float32)


def join(parts: list[Samples], gap: float = 0.5) -> Samples:
    return np.concatenate([piece for part in parts for piece in (part, silence(gap))])


def write_pair(directory: Path, name: str, samples: Samples, transcript: str) -> dict[str, object]:
    """An item of a train job."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.flac"
    write_flac(path, samples)
    return {
        "id": name,
        "audio": str(path),
        "sha256": sha256_of(path),
        "duration_ms": round(1000 * len(samples) / RATE),
        "transcript": transcript,
        "recording": name,
    }
