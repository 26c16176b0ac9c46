// Serves the host's requests: raw inputs, whole clips, endless streams.
#include "device/app/session.h"

#include <string.h>

#include "device/app/marks.h"

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

void Session::init(const SessionModel* model, const Sense* sense, const SessionBoard* board) {
  model_ = model;
  sense_ = sense;
  board_ = board;
  parser_ = FrameParser();
  inferences_ = 0;
  bytes_received_ = 0;
  last_signal_sequence_ = 0;
  output_valid_ = false;
  answered_ = false;
  for (uint32_t i = 0; i < model_->arena_bytes; ++i) model_->arena[i] = paint(i);
  model_->reset();
}

void Session::use(const SessionModel* model, const Sense* sense) {
  model_ = model;
  sense_ = sense;
  output_valid_ = false;
  answered_ = false;
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
    case kSignal:
      return signal(request);
    case kScores:
      return scores(request);
    case kStats:
      return send_stats(request);
    default:
      return refuse(request, kUnknownCommand, "this board does not know the command");
  }
}

void Session::hello(const Frame& request) {
  last_signal_sequence_ = 0;
  uint8_t* out = payload();
  out[0] = kProtocolVersion;
  out[1] = static_cast<uint8_t>(sense_ != nullptr ? sense_->kind : kNoSense);
  put_u16(out + 2, kMaxPayload);
  put_u32(out + 4, model_->input_bytes);
  put_u32(out + 8, model_->output_bytes);
  put_u32(out + 12, model_->arena_bytes);
  put_u32(out + 16, sense_ != nullptr ? sense_->rate_hz : 0);
  put_u32(out + 20, sense_ != nullptr ? sense_->clip_samples : 0);
  uint8_t* const end = payload() + kMaxPayload - 2;
  out = put_text(out + 24, end, board_->name);
  out = put_text(out, end - 1, model_->name);
  out = put_text(out, end, model_->hash);
  put_u16(out, sense_ != nullptr ? sense_->sample_bytes : 0);
  out += 2;
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
  answered_ = false;
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
  answered_ = false;
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
  if (sense_ == nullptr) return refuse(request, kNoSignal, "this firmware takes raw inputs only");
  if (request.length != 1 || request.payload[0] > kStream) {
    return refuse(request, kBadPayload, "RESET_STREAM needs a mode, 0 or 1");
  }
  model_->reset();
  sense_->reset(sense_->self, static_cast<StreamMode>(request.payload[0]));
  last_signal_sequence_ = 0;
  output_valid_ = false;
  answered_ = false;
  reply(request, 0);
}

void Session::signal(const Frame& request) {
  if (sense_ == nullptr) return refuse(request, kNoSignal, "this firmware takes raw inputs only");
  if (request.length % sense_->sample_bytes != 0)
    return refuse(request, kBadPayload, "SIGNAL needs whole samples of the sensor");
  // A host that missed the reply sends the piece again; it must not be taken twice. Sequence 0 is never kept.
  const bool again = request.sequence != 0 && request.sequence == last_signal_sequence_;
  last_signal_sequence_ = request.sequence;
  if (!again) take(request.payload, request.length / sense_->sample_bytes);
  reply(request, 0);
}

void Session::take(const uint8_t* samples, uint32_t count) {
  while (count > 0) {
    bool due = false;
    const uint32_t taken = sense_->push(sense_->self, samples, count, &due);
    samples += taken * sense_->sample_bytes;
    count -= taken;
    answered_ = false;
    if (due) {
      infer_taken();
      send(kResult, 0,
           sense_->result(sense_->self, reinterpret_cast<const int8_t*>(model_->output()), payload()));
    }
  }
}

void Session::infer_taken() {
  sense_->fill(sense_->self, reinterpret_cast<int8_t*>(model_->input()));
  run_model();
  answered_ = true;
}

void Session::scores(const Frame& request) {
  if (sense_ == nullptr) return refuse(request, kNoSignal, "this firmware takes raw inputs only");
  if (!sense_->complete(sense_->self)) {
    return refuse(request, kIncompleteClip,
                  "SCORES needs a whole clip: RESET_STREAM in clip mode, then its SIGNAL");
  }
  if (!answered_) infer_taken();
  reply(request, sense_->answer(sense_->self, reinterpret_cast<const int8_t*>(model_->output()), payload()));
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
