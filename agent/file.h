/* SPDX-License-Identifier: ISC */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>

/*
 * Reads a small file whole: the configuration, a password. Pipes are taken
 * too, as in `--config <(command)`. At most size - 1 bytes and a closing NUL
 * are written to `buf`.
 *
 * 0, or negative errno; -EFBIG where the file is larger. What was read before
 * a failure may stand in `buf`.
 */
int file_read(const char *path, char *buf, size_t size, size_t *ret_bytes);

#endif
