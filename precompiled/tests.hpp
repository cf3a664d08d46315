// SPDX-License-Identifier: LGPL-2.1-or-later
// What most unit tests include, compiled once for all of them.
#include "precompiled/common.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
