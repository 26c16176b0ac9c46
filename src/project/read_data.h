// Private to this room: how the words of a keyword project are read.
#pragma once

#include "data/speech_folder.h"
#include "project/project.h"

namespace tadpole::project {

/// How read_data reads the recordings of a keyword project.
data::FolderOptions word_options(const Project& project);

}  // namespace tadpole::project
