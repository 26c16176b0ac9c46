// The firmware: a session around the generated model, on the port's serial line.
#include "application.h"
#include "device/app/session.h"
#if TADPOLE_HAS_SPEECH
#include "device/app/speech_input.h"
#endif
#if TADPOLE_WAKE_EVERY_US
#include "device/app/duty_sense.h"
#endif
#include "device/port/port.h"
#include "model.h"

#ifndef TADPOLE_BOARD_NAME
#error "the build names the board: -DTADPOLE_BOARD_NAME=\"...\""
#endif

namespace {

using tadpole::app::Session;

Session session;
uint8_t received[1024];

#if TADPOLE_HAS_SPEECH
tadpole::app::SpeechInput speech;
alignas(4) uint8_t stream_memory[model::kFeatureStreamBytes];
alignas(4) uint8_t feature_scratch[model::kFeatureScratchBytes];
uint8_t spotter_history[tadpole::app::kSpotterResults * model::kOutputBytes];
#elif TADPOLE_HAS_SIGNAL
tadpole::app::SignalInput signal;
#if TADPOLE_WAKE_EVERY_US
tadpole::app::DutySense duty;
#endif
#endif

}  // namespace

extern "C" void tadpole_main() {
  namespace port = tadpole::port;
  // Static, not on the stack: the session keeps pointers to them. The arena is a non-const object by
  // contract.
#if TADPOLE_TAKES_BLOBS
  static const tadpole::app::SessionModel kModel = model::opened();
#else
#if TADPOLE_HAS_GATE
  void (*const invoke)() = model::invoke_gated;
#else
  void (*const invoke)() = model::invoke;
#endif
  static const tadpole::app::SessionModel kModel = {
      model::kName,       model::kHash,        const_cast<uint8_t*>(model::arena()),
      model::kArenaBytes, model::input,        model::kInputBytes,
      model::output,      model::kOutputBytes, invoke,
      model::write_input, model::read_output,  model::reset};
#endif
  static const tadpole::app::SessionBoard kBoard = {TADPOLE_BOARD_NAME, port::stack_bytes(),
                                                    port::stack_high_water, port::serial_write};
#if TADPOLE_HAS_SPEECH
  const tadpole::app::SpeechParts parts = {&model::kFeatures, &model::kFeatureQuantiser, stream_memory,
                                           feature_scratch,   &model::kSpotter,          spotter_history};
  if (tadpole::dsp::stream_bytes(model::kFeatures) > sizeof(stream_memory) ||
      tadpole::dsp::scratch_bytes(model::kFeatures) > sizeof(feature_scratch) ||
      !speech.init(parts, model::kInputBytes, model::kOutputBytes)) {
    port::stop("the application's features do not fit its model");
  }
  static const tadpole::app::Sense sense = speech.sense();
  session.init(&kModel, &sense, &kBoard);
#elif TADPOLE_HAS_SIGNAL
  if (!signal.init(model::signal_parts(), model::kInputBytes, model::kOutputBytes))
    port::stop("the application's features do not fit its model");
#if TADPOLE_WAKE_EVERY_US
  if (!duty.init(signal.sense(), TADPOLE_WAKE_EVERY_US))
    port::stop("a window of samples is longer than the time between two");
  static const tadpole::app::Sense sense = duty.sense();
#else
  static const tadpole::app::Sense sense = signal.sense();
#endif
  session.init(&kModel, &sense, &kBoard);
#else
  session.init(&kModel, nullptr, &kBoard);
#endif
  for (;;) session.receive(received, port::serial_read(received, sizeof(received)));
}
