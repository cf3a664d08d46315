/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells whether a domain can run on a host: check HOST DOMAIN, where HOST is a record or a
 * capabilities document, or "-" for this host. Compile it with
 * cc check.c $(pkg-config --cflags --libs libvirt-host-compat) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <virt-host-compat.h>

/* The whole file, to be freed; NULL where it cannot be read. */
static char *readFile(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;
    size_t used = 0;

    if (!file)
        return NULL;
    do {
        if (used + 1 >= size) {
            char *more = realloc(text, size = size * 2 + 4096);
            if (!more) {
                free(text);
                fclose(file);
                return NULL;
            }
            text = more;
        }
        used += fread(text + used, 1, size - used - 1, file);
    } while (!feof(file) && !ferror(file));
    fclose(file);
    text[used] = '\0';
    return text;
}

int main(int argc, char **argv)
{
    char *host = NULL;
    char *domain = NULL;
    char *answer = NULL;
    char *error = NULL;
    vhcStatus status = VHC_SYSTEM;

    if (argc != 3) {
        fprintf(stderr, "usage: %s HOST DOMAIN\n", argv[0]);
        return VHC_USAGE;
    }
    domain = readFile(argv[2]);
    if (strcmp(argv[1], "-") != 0)
        host = readFile(argv[1]);
    if (!domain || (!host && strcmp(argv[1], "-") != 0)) {
        fprintf(stderr, "cannot read %s: not enough memory, or no such file\n", domain ? argv[1] : argv[2]);
    } else {
        status = vhcCheck(host, domain, &answer, &error);
        if (answer)
            puts(answer);
        if (status > VHC_NO)
            fprintf(stderr, "%s\n", error ? error : "there is not enough memory");
    }
    vhcFree(answer);
    vhcFree(error);
    free(host);
    free(domain);
    return (int)status;
}
