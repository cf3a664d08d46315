// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a command and writes its peak memory in KiB into a file: bench-peak FILE COMMAND...
//
// Until a process executes another program, its memory is counted as that of its parent. So the
// value is only correct if a small program starts the command.
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: bench-peak FILE COMMAND...\n");
        return 2;
    }
    const pid_t child = ::fork();
    if (child == 0) {
        ::execvp(argv[2], argv + 2);
        std::perror(argv[2]);
        ::_exit(127);
    }
    int status = 0;
    rusage usage{};
    if (child < 0 || ::wait4(child, &status, 0, &usage) != child || !WIFEXITED(status)) {
        std::fprintf(stderr, "bench-peak: %s did not end by itself\n", argv[2]);
        return 126;
    }
    std::FILE* const file = std::fopen(argv[1], "w");
    if (!file || std::fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || std::fclose(file) != 0) {
        std::perror(argv[1]);
        return 126;
    }
    return WEXITSTATUS(status);
}
