/* SPDX-License-Identifier: ISC */
/*
 * A Socket.IO packet: all parts lie within the text, the JSON is valid by
 * itself, and what is encoded from the parts decodes to them.
 */
#include "proto/json.h"
#include "proto/sio_packet.h"
#include "tests/fuzz/fuzz.h"

static const struct sio_packet_limits limits = {
	.max_attachments = 10,
	.max_depth = 32,
};

static bool within(const char *p, size_t n, const char *text, size_t len)
{
	return !p || (p >= text && p + n <= text + len);
}

static void check_event(const struct sio_packet *p)
{
	const char *end = p->json + p->json_len;
	struct sio_buf b;
	char *name;

	check(within(p->name, p->name_len, p->json, p->json_len));
	check(within(p->args, p->args_len, p->json, p->json_len));
	check(within(p->last, p->last_len, p->json, p->json_len));
	check(!p->args || sio_json_space(p->args + p->args_len, end) == end);
	check(!p->last || sio_json_valid(p->last, p->last_len, 0));
	name = malloc(p->name_len + 1);
	if (name && p->name_escaped) {
		size_t n = sio_json_unescape(p->name, p->name_len, name);

		check(n <= p->name_len && !sio_packet_is_reserved(name, n));
	}
	free(name);
	/* the array without the name is an array */
	sio_buf_init(&b, sio_mem_default(), SIZE_MAX / 2);
	sio_buf_putc(&b, '[');
	if (p->args)
		sio_buf_append(&b, p->args, p->args_len);
	else
		sio_buf_putc(&b, ']');
	check(sio_json_valid(b.data, b.len, limits.max_depth));
	sio_buf_free(&b);
}

static void check_json(const struct sio_packet *p)
{
	struct sio_json j;
	char text[16];
	double n;

	if (!p->json_len)
		return;
	check(sio_json_parse(p->json, p->json_len, limits.max_depth, &j) == 0);
	check(within(j.p, j.len, p->json, p->json_len));
	(void)sio_json_placeholders_valid(j, p->attachments);
	(void)sio_json_array_has(j, "a");
	j = sio_json_get(j, "a");
	check(within(j.p, j.len, p->json, p->json_len));
	check(!j.p || sio_json_valid(j.p, j.len, limits.max_depth));
	if (sio_json_copy_string(j, text, sizeof(text)))
		check(sio_json_is_string(j));
	(void)sio_json_get_number(j, &n);
}

static void check_encoded(const struct sio_packet *p)
{
	struct sio_packet again;
	struct sio_buf b;
	char *nsp = malloc(p->nsp_len + 1);

	if (!nsp)
		return;
	memcpy(nsp, p->nsp, p->nsp_len);
	nsp[p->nsp_len] = '\0';
	sio_buf_init(&b, sio_mem_default(), SIZE_MAX / 2);
	sio_packet_encode_head(&b, p->type, p->attachments, nsp, p->id);
	if (p->json_len)
		sio_buf_append(&b, p->json, p->json_len);
	/* a name with NUL cannot be one of ours */
	if (strlen(nsp) == p->nsp_len) {
		check(sio_packet_decode(b.data, b.len, &limits, &again) == 0);
		check(again.type == p->type && again.id == p->id);
		check(again.attachments == p->attachments);
		check(again.nsp_len == p->nsp_len);
		check(again.json_len == p->json_len);
		check(again.args_len == p->args_len);
	}
	sio_buf_free(&b);
	free(nsp);
}

static void check_packet(const char *text, size_t len)
{
	struct sio_packet p;
	int err = sio_packet_decode(text, len, &limits, &p);

	if (err) {
		check(err == SIO_ERR_SYNTAX || err == SIO_ERR_TOO_BIG);
		return;
	}
	check(p.attachments <= limits.max_attachments);
	check(p.id >= -1 && p.id <= SIO_PACKET_MAX_ID);
	check(within(p.json, p.json_len, text, len));
	check_json(&p);
	if (p.name)
		check_event(&p);
	check_encoded(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);

	check_packet(text, size);
	free(text);
	return 0;
}
