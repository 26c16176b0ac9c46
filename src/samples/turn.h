// Sine and cosine by additions and multiplications: the same bits on every machine, unlike those of libm.
#pragma once

namespace tadpole::samples {

struct Turn {
  double sine, cosine;
};

/// Of an angle in degrees, -180 to 180. Error below 1e-9: Taylor series to the 15th power of at most pi / 2,
/// the half angle.
inline Turn turn_by(double degrees) {
  const double half = degrees * (3.14159265358979323846 / 360.0);
  double sine = 0, cosine = 0, term = 1;
  for (int i = 0; i < 20; i += 2) {
    cosine += term;
    term *= half / (i + 1);
    sine += term;
    term *= -half / (i + 2);
  }
  return {2 * sine * cosine, cosine * cosine - sine * sine};
}

}  // namespace tadpole::samples
