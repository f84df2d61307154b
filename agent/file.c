/* SPDX-License-Identifier: ISC */
#include "agent/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

/* Reads until the end or until `size` bytes are there. */
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t bytes = 0;

	while (bytes < size) {
		ssize_t n = read(fd, buf + bytes, size - bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		bytes += (size_t)n;
	}
	return (ssize_t)bytes;
}

int file_read(const char *path, char *buf, size_t size, size_t *ret_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read_full(fd, buf, size);
	close(fd);
	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -EFBIG;
	buf[n] = '\0';
	*ret_bytes = (size_t)n;
	return 0;
}
