// Serves the host's requests: raw inputs, whole clips, endless streams.
#include "device/app/session.h"

#include <string.h>

extern "C" {
// The empty assembly keeps the compiler from merging or leaving out these functions and their calls.
__attribute__((noinline)) void tadpole_invoke_begin() { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void tadpole_invoke_end() { __asm__ volatile("" ::: "memory"); }
}

namespace tadpole {
namespace app {
namespace {

/// Paint that changes from byte to byte, so that a run of equal activations is not taken for paint.
uint8_t paint(uint32_t offset) { return static_cast<uint8_t>(offset * 167u + 91u); }

/// Copies a text with its end mark if it still fits before `end`.
uint8_t* put_text(uint8_t* out, const uint8_t* end, const char* text) {
  for (; out + 1 < end && *text != '\0'; ++text) *out++ = static_cast<uint8_t>(*text);
  *out++ = 0;
  return out;
}

}  // namespace

void Session::init(const SessionModel* model, const SoundInput* sound, const SessionBoard* board) {
  model_ = model;
  sound_ = sound;
  board_ = board;
  parser_ = FrameParser();
  inferences_ = 0;
  bytes_received_ = 0;
  last_pcm_sequence_ = 0;
  output_valid_ = false;
  for (uint32_t i = 0; i < model_->arena_bytes; ++i) model_->arena[i] = paint(i);
  model_->reset();
}

uint32_t Session::arena_high_water() const {
  uint32_t used = model_->arena_bytes;
  while (used > 0 && model_->arena[used - 1] == paint(used - 1)) --used;
  return used;
}

SessionStats Session::stats() const {
  return {model_->arena_bytes, arena_high_water(), board_->stack_bytes, board_->stack_high_water(),
          inferences_,         bytes_received_,    parser_.errors(),    parser_.skipped()};
}

void Session::receive(const uint8_t* bytes, uint32_t count) {
  bytes_received_ += count;
  while (count > 0) {
    const uint32_t taken = parser_.feed(bytes, count);
    bytes += taken;
    count -= taken;
    Frame request;
    while (parser_.next(&request)) serve(request);
  }
}

void Session::send(uint8_t type, uint8_t sequence, uint32_t length) {
  board_->send(out_, encode_frame(type, sequence, payload(), length, out_));
}

void Session::reply(const Frame& request, uint32_t length) {
  send(static_cast<uint8_t>(request.type | kReply), request.sequence, length);
}

void Session::refuse(const Frame& request, Refusal why, const char* sentence) {
  payload()[0] = request.type;
  payload()[1] = why;
  uint8_t* const end = put_text(payload() + 2, payload() + kMaxPayload, sentence);
  send(kRefused, request.sequence, static_cast<uint32_t>(end - payload()) - 1);
}

void Session::serve(const Frame& request) {
  switch (request.type) {
    case kHello:
      return hello(request);
    case kSetInput:
      return set_input(request);
    case kInvoke:
      return invoke(request);
    case kGetOutput:
      return get_output(request);
    case kResetStream:
      return reset_stream(request);
    case kPcm:
      return pcm(request);
    case kScores:
      return scores(request);
    case kStats:
      return send_stats(request);
    default:
      return refuse(request, kUnknownCommand, "this board does not know the command");
  }
}

void Session::hello(const Frame& request) {
  last_pcm_sequence_ = 0;
  uint8_t* out = payload();
  out[0] = kProtocolVersion;
  out[1] = sound_ != nullptr ? 1 : 0;
  put_u16(out + 2, kMaxPayload);
  put_u32(out + 4, model_->input_bytes);
  put_u32(out + 8, model_->output_bytes);
  put_u32(out + 12, model_->arena_bytes);
  put_u32(out + 16, sound_ != nullptr ? sound_->sample_rate_hz : 0);
  put_u32(out + 20, sound_ != nullptr ? sound_->clip_samples : 0);
  uint8_t* const end = payload() + kMaxPayload;
  out = put_text(out + 24, end, board_->name);
  out = put_text(out, end - 1, model_->name);
  out = put_text(out, end, model_->hash);
  reply(request, static_cast<uint32_t>(out - payload()));
}

void Session::set_input(const Frame& request) {
  if (request.length < 4) return refuse(request, kBadPayload, "SET_INPUT needs an offset");
  const uint32_t offset = get_u32(request.payload);
  const uint32_t count = request.length - 4u;
  if (offset > model_->input_bytes || count > model_->input_bytes - offset) {
    return refuse(request, kBadPayload, "SET_INPUT reaches behind the model's input");
  }
  model_->write_input(offset, request.payload + 4, count);
  output_valid_ = false;
  reply(request, 0);
}

void Session::run_model() {
  tadpole_invoke_begin();
  model_->invoke();
  tadpole_invoke_end();
  ++inferences_;
  output_valid_ = true;
}

void Session::invoke(const Frame& request) {
  run_model();
  reply(request, 0);
}

void Session::get_output(const Frame& request) {
  if (request.length != 6) return refuse(request, kBadPayload, "GET_OUTPUT needs an offset and a count");
  if (!output_valid_) return refuse(request, kNotInvoked, "there is no output before INVOKE");
  const uint32_t offset = get_u32(request.payload);
  const uint32_t count = get_u16(request.payload + 4);
  if (count > kMaxPayload || offset > model_->output_bytes || count > model_->output_bytes - offset) {
    return refuse(request, kBadPayload, "GET_OUTPUT reaches behind the model's output");
  }
  model_->read_output(offset, payload(), count);
  reply(request, count);
}

void Session::reset_stream(const Frame& request) {
  if (sound_ == nullptr) return refuse(request, kNoSpeech, "this firmware has no speech features");
  if (request.length != 1 || request.payload[0] > kStream) {
    return refuse(request, kBadPayload, "RESET_STREAM needs a mode, 0 or 1");
  }
  model_->reset();
  sound_->reset(sound_->self, static_cast<StreamMode>(request.payload[0]));
  last_pcm_sequence_ = 0;
  output_valid_ = false;
  reply(request, 0);
}

void Session::pcm(const Frame& request) {
  if (sound_ == nullptr) return refuse(request, kNoSpeech, "this firmware has no speech features");
  if (request.length % 2 != 0) return refuse(request, kBadPayload, "PCM needs whole 16-bit samples");
  // A host that missed the reply sends the piece again; it must not be heard twice. Sequence 0 is never kept.
  const bool again = request.sequence != 0 && request.sequence == last_pcm_sequence_;
  last_pcm_sequence_ = request.sequence;
  if (!again) hear(request.payload, request.length / 2u);
  reply(request, 0);
}

void Session::hear(const uint8_t* pcm, uint32_t samples) {
  while (samples > 0) {
    bool due = false;
    const uint32_t taken = sound_->push(sound_->self, pcm, samples, &due);
    pcm += 2 * taken;
    samples -= taken;
    if (due) {
      infer_heard();
      send(kResult, 0,
           sound_->result(sound_->self, reinterpret_cast<const int8_t*>(model_->output()), payload()));
    }
  }
}

void Session::infer_heard() {
  sound_->fill(sound_->self, reinterpret_cast<int8_t*>(model_->input()));
  run_model();
}

void Session::scores(const Frame& request) {
  if (sound_ == nullptr) return refuse(request, kNoSpeech, "this firmware has no speech features");
  if (!sound_->complete(sound_->self)) {
    return refuse(request, kIncompleteClip,
                  "SCORES needs a whole clip: RESET_STREAM in clip mode, then its PCM");
  }
  if (!output_valid_) infer_heard();
  memcpy(payload(), model_->output(), model_->output_bytes);
  reply(request, model_->output_bytes);
}

void Session::send_stats(const Frame& request) {
  const SessionStats s = stats();
  const uint32_t words[8] = {s.arena_bytes, s.arena_high_water, s.stack_bytes,  s.stack_high_water,
                             s.inferences,  s.bytes_received,   s.frame_errors, s.bytes_skipped};
  for (uint32_t i = 0; i < 8; ++i) put_u32(payload() + 4 * i, words[i]);
  reply(request, kStatsBytes);
}

}  // namespace app
}  // namespace tadpole
