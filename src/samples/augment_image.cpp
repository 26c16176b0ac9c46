#include "samples/augment_image.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "samples/turn.h"

namespace tadpole::samples {
namespace {

constexpr float kFullScale = 255;

/// Numbers of one variant, all drawn whether they are used or not.
struct Draw {
  bool flipped, blurred, cut;
  float degrees, shift_x, shift_y, zoom, shear, brightness, contrast, saturation, tint[3];
  float hole_width, hole_height, hole_x, hole_y;
};

Draw draw(const ImageAugment& options, Rng& rng) {
  const auto share = [&](float percent) { return rng.uniform(-percent, percent) / 100; };
  Draw d{};
  d.flipped = rng.uniform() < options.flip_share;
  d.degrees = rng.uniform(-options.rotate_degrees, options.rotate_degrees);
  d.shift_x = share(options.shift_percent);
  d.shift_y = share(options.shift_percent);
  d.zoom = 1 + share(options.zoom_percent);
  d.shear = share(options.shear_percent);
  d.brightness = share(options.brightness_percent) * kFullScale;
  d.contrast = 1 + share(options.contrast_percent);
  d.saturation = 1 + share(options.colour_percent);
  // A quarter: lamps are yellow or blue, not green.
  for (float& tint : d.tint) tint = 1 + share(options.colour_percent) / 4;
  d.blurred = rng.uniform() < options.blur_share;
  d.cut = rng.uniform() < options.cut_out_share;
  d.hole_width = rng.uniform(0, options.cut_out_percent) / 100;
  d.hole_height = rng.uniform(0, options.cut_out_percent) / 100;
  d.hole_x = rng.uniform();
  d.hole_y = rng.uniform();
  return d;
}

/// The picture as floats, [height, width, channels].
struct Canvas {
  int width, height, channels;
  std::vector<float> values;

  float& at(int y, int x, int c) { return values[index(y, x, c)]; }
  float at(int y, int x, int c) const { return values[index(y, x, c)]; }
  /// Beyond the edge: the nearest pixel.
  float near(int y, int x, int c) const {
    return at(std::clamp(y, 0, height - 1), std::clamp(x, 0, width - 1), c);
  }

 private:
  size_t index(int y, int x, int c) const { return static_cast<size_t>((y * width + x) * channels + c); }
};

/// Each pixel of the new picture is looked up where the inverse of flip, shear, turn, zoom and shift leads.
Canvas moved(const Image& image, const Draw& d) {
  Canvas from{image.width, image.height, image.channels, {image.pixels.begin(), image.pixels.end()}};
  Canvas to = from;
  const Turn turn = turn_by(static_cast<double>(d.degrees));
  const auto zoom = static_cast<double>(d.zoom);
  const double middle_x = (image.width - 1) / 2.0, middle_y = (image.height - 1) / 2.0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const double right = x - middle_x - static_cast<double>(d.shift_x) * image.width;
      const double down = y - middle_y - static_cast<double>(d.shift_y) * image.height;
      double u = (turn.cosine * right + turn.sine * down) / zoom;
      const double v = (turn.cosine * down - turn.sine * right) / zoom;
      u += static_cast<double>(d.shear) * v;
      if (d.flipped) u = -u;
      const double px = std::clamp(u + middle_x, -1.0, static_cast<double>(image.width));
      const double py = std::clamp(v + middle_y, -1.0, static_cast<double>(image.height));
      const int x0 = static_cast<int>(std::floor(px)), y0 = static_cast<int>(std::floor(py));
      const auto wx = static_cast<float>(px - x0), wy = static_cast<float>(py - y0);
      for (int c = 0; c < image.channels; ++c) {
        const float above = from.near(y0, x0, c) * (1 - wx) + from.near(y0, x0 + 1, c) * wx;
        const float below = from.near(y0 + 1, x0, c) * (1 - wx) + from.near(y0 + 1, x0 + 1, c) * wx;
        to.at(y, x, c) = above * (1 - wy) + below * wy;
      }
    }
  }
  return to;
}

std::vector<float> channel_means(const Canvas& canvas) {
  std::vector<double> sums(static_cast<size_t>(canvas.channels));
  for (size_t i = 0; i < canvas.values.size(); ++i)
    sums[i % sums.size()] += static_cast<double>(canvas.values[i]);
  std::vector<float> means;
  for (const double sum : sums)
    means.push_back(static_cast<float>(sum / (double{1} * canvas.width * canvas.height)));
  return means;
}

/// Saturation about the pixel's grey (weights of ITU-R BT.601), tint, contrast about the mean, brightness.
void relight(Canvas& canvas, const Draw& d) {
  if (canvas.channels == 3) {
    for (size_t i = 0; i < canvas.values.size(); i += 3) {
      float* p = &canvas.values[i];
      const float grey = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
      for (int c = 0; c < 3; ++c) p[c] = (grey + (p[c] - grey) * d.saturation) * d.tint[c];
    }
  }
  const std::vector<float> means = channel_means(canvas);
  float mean = 0;
  for (const float one : means) mean += one / static_cast<float>(means.size());
  for (float& value : canvas.values) value = mean + (value - mean) * d.contrast + d.brightness;
}

void blur(Canvas& canvas) {
  const Canvas sharp = canvas;
  for (int y = 0; y < canvas.height; ++y) {
    for (int x = 0; x < canvas.width; ++x) {
      for (int c = 0; c < canvas.channels; ++c) {
        float sum = 0;
        for (int dy = -1; dy <= 1; ++dy)
          for (int dx = -1; dx <= 1; ++dx)
            sum += sharp.near(y + dy, x + dx, c) * static_cast<float>((dy == 0 ? 2 : 1) * (dx == 0 ? 2 : 1));
        canvas.at(y, x, c) = sum / 16;
      }
    }
  }
}

void cut_out(Canvas& canvas, const Draw& d) {
  const std::vector<float> means = channel_means(canvas);
  const int width = static_cast<int>(d.hole_width * static_cast<float>(canvas.width));
  const int height = static_cast<int>(d.hole_height * static_cast<float>(canvas.height));
  const int left = static_cast<int>(d.hole_x * static_cast<float>(canvas.width - width + 1));
  const int top = static_cast<int>(d.hole_y * static_cast<float>(canvas.height - height + 1));
  for (int y = top; y < top + height; ++y)
    for (int x = left; x < left + width; ++x)
      for (int c = 0; c < canvas.channels; ++c) canvas.at(y, x, c) = means[static_cast<size_t>(c)];
}

}  // namespace

std::string ImageAugment::fingerprint() const {
  std::string text = "image augment 1:";
  for (const float value :
       {flip_share, rotate_degrees, shift_percent, zoom_percent, shear_percent, brightness_percent,
        contrast_percent, colour_percent, blur_share, noise_percent, cut_out_share, cut_out_percent}) {
    char number[32];
    std::snprintf(number, sizeof number, " %.9g", static_cast<double>(value));
    text += number;
  }
  return text;
}

Image augment(const Image& image, const ImageAugment& options, Rng& rng) {
  const Draw d = draw(options, rng);
  Rng noise = rng.fork("noise");
  rng.next();
  if (image.pixels.empty()) return image;
  Canvas canvas = moved(image, d);
  relight(canvas, d);
  if (d.blurred) blur(canvas);
  if (d.cut) cut_out(canvas, d);
  Image out = image;
  const float deviation = options.noise_percent / 100 * kFullScale;
  for (size_t i = 0; i < out.pixels.size(); ++i) {
    const float value = canvas.values[i] + (deviation > 0 ? deviation * noise.normal() : 0);
    out.pixels[i] = static_cast<uint8_t>(std::clamp(std::floor(value + 0.5f), 0.0f, kFullScale));
  }
  return out;
}

}  // namespace tadpole::samples
