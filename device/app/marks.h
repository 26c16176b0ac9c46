// Marks for whoever counts instructions. They do nothing.
#ifndef TADPOLE_DEVICE_APP_MARKS_H_
#define TADPOLE_DEVICE_APP_MARKS_H_

extern "C" {
// Around each inference.
void tadpole_invoke_begin();
void tadpole_invoke_end();
// Around each row of speech features; for other signals around the features of a window.
void tadpole_feature_begin();
void tadpole_feature_end();
}

#endif  // TADPOLE_DEVICE_APP_MARKS_H_
