// A stand-in for the generated application around the fake model.
#ifndef TADPOLE_TESTS_FAKE_APPLICATION_H_
#define TADPOLE_TESTS_FAKE_APPLICATION_H_

#if FAKE_SPEECH
#define TADPOLE_HAS_SPEECH 1
#include "speech_tables.h"  // written by the test
#else
#define TADPOLE_HAS_SPEECH 0
#endif

#endif  // TADPOLE_TESTS_FAKE_APPLICATION_H_
