// Listens for "yes"; then looks for a person until it has seen none for a while. Two networks, one arena, one
// firmware: the small one hears all the time, the large one runs only when it was called.
//
// On the virtual board the serial line stands for microphone and camera, and HELLO says which of them is
// wanted. On a chip, push what the microphone's and the camera's drivers deliver, as Ear and Eye do here.
#include <string.h>

#include "arena.h"
#include "device/app/cascade.h"
#include "device/app/session.h"
#include "device/app/signal_input.h"
#include "device/app/speech_input.h"
#include "device/port/port.h"
#include "hear/application.h"
#include "hear/model.h"
#include "see/application.h"
#include "see/model.h"

namespace {

using namespace tadpole;

constexpr char kWakeWord[] = "yes", kWanted[] = "person";
/// The board has no clock of its own: it counts the sound that it hears and, awake, pictures.
constexpr uint32_t kPictureMs = 500;

/// Scores of 255. A face that is lost for a moment does not put the eye to sleep.
constexpr app::CascadeConfig kCascade = {/*find*/ {/*on*/ 153, /*off*/ 102, /*on_count*/ 1, /*off_count*/ 2},
                                         /*quiet_ms*/ 2000,
                                         /*longest_ms*/ 30000,
                                         /*rest_ms*/ 1000};

/// The label's number, or -1.
template <int kCount>
int label_number(const char* const (&labels)[kCount], const char* wanted) {
  for (int i = 0; i < kCount; ++i)
    if (strcmp(labels[i], wanted) == 0) return i;
  return -1;
}

app::Session session;
app::Cascade cascade;
app::SpeechInput ear;
app::SignalInput eye;
alignas(4) uint8_t stream_memory[hear::kFeatureStreamBytes];
alignas(4) uint8_t feature_scratch[hear::kFeatureScratchBytes];
uint8_t spotter_history[app::kSpotterResults * hear::kOutputBytes];
uint8_t received[1024];
uint32_t now_ms;     // since the start
uint32_t ear_since;  // when the sound that the ear has heard began
int wake_label, person_label;

/// As the ear's, and the cascade hears it too. One more byte: awake.
uint32_t hear_result(void* self, const int8_t* output, uint8_t* payload) {
  const uint32_t length = static_cast<app::SpeechInput*>(self)->result(output, payload);
  now_ms = ear_since + app::get_u32(payload);
  cascade.hear(now_ms, payload[4] == wake_label);
  payload[length] = cascade.awake();
  return length + 1;
}

/// A stream that begins anew goes on in time.
void hear_reset(void* self, app::StreamMode mode) {
  ear_since = now_ms;
  static_cast<app::SpeechInput*>(self)->reset(mode);
}

/// The scores, and two more bytes: whether a person is seen, and awake.
uint32_t see_answer(void* self, const int8_t* output, uint8_t* payload) {
  const uint32_t length = static_cast<app::SignalInput*>(self)->answer(output, payload);
  now_ms += kPictureMs;
  payload[length] = cascade.look(now_ms, output[person_label] + 128);
  payload[length + 1] = cascade.awake();
  return length + 2;
}

app::SessionModel model_of(const char* name, const char* hash, uint8_t* (*input)(), uint32_t input_bytes,
                           const uint8_t* (*output)(), uint32_t output_bytes, void (*invoke)(),
                           void (*write)(uint32_t, const uint8_t*, uint32_t),
                           void (*read)(uint32_t, uint8_t*, uint32_t), void (*reset)()) {
  return {name,
          hash,
          models::arena_memory,
          models::kArenaBytes,
          input,
          input_bytes,
          output,
          output_bytes,
          invoke,
          write,
          read,
          reset};
}

}  // namespace

extern "C" void tadpole_main() {
  static const app::SessionModel kHear =
      model_of(hear::kName, hear::kHash, hear::input, hear::kInputBytes, hear::output, hear::kOutputBytes,
               hear::invoke, hear::write_input, hear::read_output, hear::reset);
  static const app::SessionModel kSee =
      model_of(see::kName, see::kHash, see::input, see::kInputBytes, see::output, see::kOutputBytes,
               see::invoke, see::write_input, see::read_output, see::reset);
  static const app::SessionBoard kBoard = {TADPOLE_BOARD_NAME, port::stack_bytes(), port::stack_high_water,
                                           port::serial_write};
  const app::SpeechParts ear_parts = {&hear::kFeatures, &hear::kFeatureQuantiser, stream_memory,
                                      feature_scratch,  &hear::kSpotter,          spotter_history};
  wake_label = label_number(hear::kLabels, kWakeWord);
  person_label = label_number(see::kLabels, kWanted);
  if (!ear.init(ear_parts, hear::kInputBytes, hear::kOutputBytes) ||
      !eye.init(see::signal_parts(), see::kInputBytes, see::kOutputBytes) || !valid(kCascade) ||
      wake_label < 0 || person_label < 0) {
    port::stop("the models do not fit this program");
  }
  static app::Sense hearing = ear.sense(), seeing = eye.sense();
  hearing.reset = hear_reset;
  hearing.result = hear_result;
  seeing.answer = see_answer;

  cascade.init(&kCascade, now_ms);
  session.init(&kHear, &hearing, &kBoard);
  for (bool was_awake = false;;) {
    session.receive(received, port::serial_read(received, sizeof(received)));
    if (cascade.awake() == was_awake) continue;
    was_awake = cascade.awake();
    if (was_awake) {
      eye.reset(app::kClip);
      session.use(&kSee, &seeing);
    } else {
      hear_reset(&ear, app::kStream);  // what was heard before the pictures is long ago
      session.use(&kHear, &hearing);
    }
  }
}
