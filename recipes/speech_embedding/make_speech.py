#!/usr/bin/python3
"""Synthetic speech for the embedding: make_speech.py FOLDER

312 English words in 86 voices and 8 accents of espeak-ng and 4 voices of flite, and the numbers one to twelve in 40 languages: about 30,000
recordings of a second in the Speech Commands layout, with noise. None of the 35 words of Speech Commands is among them, so
that they remain words that the embedding has never heard. Each recording gets a vocal tract, a room, a microphone and a place of its own.
Needs: espeak-ng, flite, python3-numpy, python3-scipy.
"""
import glob
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import wave
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.signal

RATE = 16000

WORDS = """
water apple table window music river garden orange purple yellow green blue black white silver golden winter summer
morning evening kitchen bottle paper pencil doctor teacher mother father sister brother monkey tiger lion horse
chicken rabbit turtle spider candle mirror lamp light dark open close start begin finish play pause next last first
help hello goodbye thanks please sorry maybe never always today tomorrow monday friday sunday april august number
letter question answer money market coffee sugar butter bread cheese pepper potato tomato banana lemon mountain ocean
island forest desert valley bridge station airport ticket train plane bicycle rocket planet moon star cloud rain snow
wind storm thunder fire smoke stone metal copper rubber cotton leather jacket button pocket shoe hat glove finger
shoulder elbow knee heart brain read write draw paint sing dance jump run walk swim climb throw catch push pull turn
lift drop hold shake ready steady warm cold quick slow heavy empty full clean dirty quiet loud sharp soft round square
circle corner center computer camera speaker volume channel battery power switch timer alarm record message signal
sensor robot engine motor pedal brake king queen castle dragon magic wizard story picture color pattern shadow whisper
laughter problem simple double triple dozen hundred thousand million eleven twelve twenty thirty forty fifty sixty
alpha bravo charlie delta echo foxtrot hotel india juliet kilo lima oscar papa quebec romeo sierra tango uniform
victor whiskey yankee zulu jack map thumb chew fudge judge vision measure youth worth thing feather mouth joy boy
noise hour ear chair poor fair skip text mixed asks lunch bunch munch french branch stretch scratch splash spring
string strong street stress sheep ship cheap chip bad bat pad pat pin bin tin din coat goat fan van sip zip lake rake
wet vet fin thin backpack forget forgive borrow fellow fortune stopper topping shopping lefthand writer lighter rider
""".split()

# Of a longer list, those that speak espeak-ng 1.51.
LANGUAGES = """
de es fr-fr it pt pt-br ru ar hi tr sw nl sv pl cs el fi hu id ja ko cmn vi ro da nb uk fa bn ta he ca hr eu lv lt et
ms sk sl
""".split()

ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-029", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-us-nyc"]

# espeak-ng's variants of a voice, but for whispering and robots. The order counts: voices are drawn from it.
VARIANTS = """
Denis, edward, caleb, Mike, iven4, Nguyen, Gene, belinda, croak, antonio, gustave, pablo, ed, quincy, klatt2, klatt3,
sandro, RicishayMax, adam, robert, Diogo, steph3, Lee, anika, RicishayMax3, Mario, Annie, Storm, pedro, Andrea, rob,
john, kaukovalta, Henrique, iven2, aunty, m8, benjamin, grandma, klatt, f1, edward2, m2, Hugo, Michael, paul, steph2,
norbert, steph, miguel, f3, Alicia, klatt4, m7, m1, victor, linda, Andy, m4, m3, f2, iven3, Alex, Jacky, grandpa,
iven, RicishayMax2, AnxiousAndy, marcelo, david, Mr serious, fast, anikaRobot, zac, max, m6, michel, klatt6, m5,
klatt5, f5, shelby, announcer, travis, Marco, f4
""".replace("\n", " ").strip().split(", ")

FLITE = ["awb", "rms", "slt", "kal16"]


def draw_jobs():
    """(class, text, engine, voice, speed, pitch) of every recording, the same each time."""
    rng = random.Random(7)

    def espeak(name, text, language):
        return (name, text, "espeak-ng", language + "+" + rng.choice(VARIANTS), rng.randint(105, 200), rng.randint(15, 85))

    jobs = []
    for word in WORDS:
        for take in range(60):
            if take % 10 == 9:
                jobs.append((word, word, "flite", rng.choice(FLITE), rng.uniform(0.75, 1.3), 0))
            else:
                jobs.append(espeak(word, word, rng.choice(ACCENTS)))
    for language in LANGUAGES:
        for number in range(1, 13):
            jobs += [espeak(f"{language}_{number}", str(number), language) for _ in range(25)]
    return jobs


def speak(job, path):
    """A mono WAV file of the job's text; none when the engine cannot say it."""
    _, text, engine, voice, speed, pitch = job
    if engine == "espeak-ng":
        command = [engine, "-v", voice, "-s", str(speed), "-p", str(pitch), "-w", path, "--", text]
    else:
        command = [engine, "-voice", voice, "--setf", f"duration_stretch={speed:.2f}", "-t", text, "-o", path]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def read_wave(path):
    with wave.open(path) as file:
        return file.getframerate(), np.frombuffer(file.readframes(1 << 24), dtype=np.int16).astype(np.float32)


def write_wave(path, sound):
    with wave.open(path, "w") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype(np.int16).tobytes())


def vary(sound, rate, rng):
    """One second at RATE: another vocal tract, tilt, room and microphone, somewhere in the second, at some level."""
    tract = np.exp(rng.uniform(np.log(0.82), np.log(1.22)))
    sound = scipy.signal.resample(sound, int(len(sound) * RATE / rate / tract))
    loud = np.abs(sound) > 0.02 * np.abs(sound).max()
    sound = sound[np.argmax(loud) : len(loud) - np.argmax(loud[::-1])]
    if len(sound) > 15500:
        sound = scipy.signal.resample(sound, 15500)
    sound = scipy.signal.lfilter([1, rng.uniform(-0.5, 0.5)], [1], sound)
    if rng.rand() < 0.6:
        length = int(rng.uniform(0.03, 0.25) * RATE)
        room = rng.randn(length) * np.exp(-np.arange(length) / (length / 5))
        room *= rng.uniform(0.05, 0.5) / np.sqrt((room**2).sum())
        room[0] = 1
        sound = scipy.signal.fftconvolve(sound, room)[: len(sound) + 2000]
    if rng.rand() < 0.5:
        low, high = rng.uniform(60, 300), rng.uniform(3400, 7600)
        sound = scipy.signal.lfilter(*scipy.signal.butter(2, [low / 8000, high / 8000], "band"), sound)
    second = np.zeros(RATE, np.float32)
    kept = min(len(sound), RATE)
    start = rng.randint(0, RATE - kept + 1)
    second[start : start + kept] = sound[:kept]
    return second * (rng.uniform(0.1, 0.9) * 32767 / np.abs(second).max())


def make_recording(folder, index, job):
    name, voice = job[0], job[3]
    speaker = hashlib.sha1(voice.encode()).hexdigest()[:8]
    path = os.path.join(folder, name, f"{speaker}_nohash_{index}.wav")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        spoken = os.path.join(scratch, "spoken.wav")
        speak(job, spoken)
        if not os.path.exists(spoken):
            return
        rate, sound = read_wave(spoken)
    if len(sound) >= 500 and np.abs(sound).max() >= 50:
        write_wave(path, vary(sound, rate, np.random.RandomState(index)))


def make_noise(folder):
    """40 seconds each of coloured noise, babble of the recordings, hum, clatter and a fan."""
    rng, choose = np.random.RandomState(3), random.Random(3)
    count = RATE * 40
    noise_folder = os.path.join(folder, "_background_noise_")
    os.makedirs(noise_folder, exist_ok=True)

    def save(name, sound):
        write_wave(os.path.join(noise_folder, name + ".wav"), sound / np.abs(sound).max() * 12000)

    def coloured(slope):
        spectrum = np.fft.rfft(rng.randn(count))
        spectrum *= (np.arange(len(spectrum)) + 1.0) ** (-slope / 2)
        spectrum[:50] = 0
        return np.fft.irfft(spectrum)

    for name, slope in (("white", 0), ("pink", 1), ("brown", 2), ("blue", -0.5)):
        save(name, coloured(slope))
    babble = np.zeros(count)
    recordings = sorted(glob.glob(os.path.join(folder, "[!_]*", "*.wav")))
    for _ in range(240):
        sound = read_wave(choose.choice(recordings))[1][:RATE]
        start = rng.randint(0, count - RATE)
        babble[start : start + len(sound)] += sound * rng.uniform(0.1, 1)
    save("babble", babble)
    time = np.arange(count) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time + rng.rand() * 6) * rng.rand() / k for k in range(1, 20))
    save("hum", hum + 0.05 * rng.randn(count))
    clatter = np.zeros(count)
    for _ in range(300):
        start, length = rng.randint(0, count - 4000), rng.randint(50, 3000)
        clatter[start : start + length] += rng.randn(length) * np.exp(-np.arange(length) / (length / 5)) * rng.uniform(0.1, 1)
    save("clatter", clatter + 0.01 * coloured(1))
    blades = 0.3 * sum(np.sin(2 * np.pi * frequency * time) for frequency in (118, 236, 354))
    save("fan", coloured(1.2) * (1 + 0.3 * np.sin(2 * np.pi * 9 * time)) + blades)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, jobs = sys.argv[1], draw_jobs()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for done, _ in enumerate(threads.map(lambda pair: make_recording(folder, *pair), enumerate(jobs)), 1):
            if done % 500 == 0:
                print(f"\r{done} of {len(jobs)} recordings", end="", file=sys.stderr, flush=True)
    make_noise(folder)


if __name__ == "__main__":
    main()
