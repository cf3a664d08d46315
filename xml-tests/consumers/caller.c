// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks libvirt for capabilities many times in several threads, and prints the memory and
// descriptors that this used.
//
// Arguments: the URI, the calls of each thread, the threads, and a text that every document must
// contain. Output: resident memory in KiB and descriptors, before and after the calls, without
// those for warming up.
#include <libvirt/libvirt.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Work {
    const char* uri;
    const char* wanted;
    long calls;
};

static void* callMany(void* argument) {
    const struct Work* const work = argument;
    virConnectPtr connection = virConnectOpen(work->uri);
    if (!connection)
        exit(3);
    for (long call = 0; call < work->calls; ++call) {
        char* const document = virConnectGetCapabilities(connection);
        if (!document || !strstr(document, work->wanted) || !strstr(document, "</capabilities>"))
            exit(4);
        free(document);
    }
    virConnectClose(connection);
    return NULL;
}

static void callInThreads(struct Work work, int threads) {
    pthread_t started[64];
    for (int index = 0; index < threads; ++index)
        if (pthread_create(&started[index], NULL, &callMany, &work) != 0)
            exit(5);
    for (int index = 0; index < threads; ++index)
        pthread_join(started[index], NULL);
}

static void printCost(void) {
    long size = 0;
    long resident = 0;
    FILE* const statm = fopen("/proc/self/statm", "r");
    if (!statm || fscanf(statm, "%ld %ld", &size, &resident) != 2)
        exit(6);
    fclose(statm);
    int descriptors = 0;
    DIR* const folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        ++descriptors;
    closedir(folder);
    printf("%ld %d\n", resident * 4, descriptors);
}

int main(int count, char** arguments) {
    if (count != 5)
        return 2;
    struct Work work = {.uri = arguments[1], .wanted = arguments[4], .calls = atol(arguments[2])};
    const int threads = atoi(arguments[3]);
    if (threads < 1 || threads > 64 || virInitialize() != 0)
        return 2;
    // Until every memory pool of the C library has reached its size.
    const struct Work warmUp = {
        .uri = work.uri, .wanted = work.wanted, .calls = work.calls / 5 + 1};
    callInThreads(warmUp, threads);
    printCost();
    callInThreads(work, threads);
    printCost();
    return 0;
}
