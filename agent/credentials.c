/* SPDX-License-Identifier: ISC */
#include "agent/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TOKEN_BYTES = 4 * ((SHA256_DIGEST_LENGTH + 2) / 3)
};

/* The two characters that valid text can hold and a JSON string cannot. */
static int put_escaped(char *buf, size_t size, const char *s)
{
	size_t n = 0;

	for (; *s; s++) {
		if (n + 3 > size)
			return -ENOSPC;
		if (*s == '"' || *s == '\\')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	buf[n] = '\0';
	return 0;
}

static void put_token(char token[static TOKEN_BYTES + 1], const char *password)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)password, strlen(password), digest);
	EVP_EncodeBlock((unsigned char *)token, digest, sizeof(digest));
}

int credentials_payload(const char *name, const char *password, char *buf,
			size_t size)
{
	char escaped[512];
	char token[TOKEN_BYTES + 1];
	int n;

	if (put_escaped(escaped, sizeof(escaped), name))
		return -ENOSPC;
	if (password) {
		put_token(token, password);
		n = snprintf(buf, size,
			     "{\"user\":{\"username\":\"%s\"},"
			     "\"token\":\"%s\"}",
			     escaped, token);
	} else {
		n = snprintf(buf, size,
			     "{\"user\":{\"username\":\"%s\"},"
			     "\"token\":null}",
			     escaped);
	}
	return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}

static ssize_t read_all(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int credentials_read(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	n = read_all(fd, buf, size);
	close(fd);
	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -EMSGSIZE;
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf[0] ? 0 : -ENODATA;
}
