#include "storage/git/pack/index_pack_impl.h"

#include "storage/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	MAX_THREADS = 8,
};

struct index_pack *index_pack_new(const struct index_pack_options *o)
{
	struct index_pack *ip = mem_new(struct index_pack);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	ip->o = *o;
	if (!ip->o.threads)
		ip->o.threads = cores > MAX_THREADS ? MAX_THREADS
				: cores > 0	    ? (size_t)cores
						    : 1;
	if (!ip->o.max_object_bytes)
		ip->o.max_object_bytes = 1024ULL * 1024 * 1024;
	ip->window = mem_alloc(INDEX_PACK_WINDOW);
	ip->object_digest = digest_new(DIGEST_SHA1);
	ip->pack_digest = digest_new(DIGEST_SHA1);
	if (inflateInit(&ip->z) != Z_OK)
		abort();
	return ip;
}

void index_pack_free(struct index_pack *ip)
{
	if (!ip)
		return;
	inflateEnd(&ip->z);
	digest_free(ip->object_digest);
	digest_free(ip->pack_digest);
	object_links_done(&ip->links);
	vec_done(&ip->entries);
	vec_done(&ip->refs);
	free(ip->object);
	free(ip->window);
	free(ip->order);
	free(ip);
}

void index_pack_freep(struct index_pack **ip)
{
	index_pack_free(*ip);
}

void index_pack_hash_header(
    struct digest *d, enum object_type type, uint64_t size)
{
	char header[48];
	int len = snprintf(header, sizeof(header), "%s %llu",
	    object_type_name(type), (unsigned long long)size);

	digest_add(d, header, (size_t)len + 1);
}

int index_pack_add_object(struct index_pack *ip, struct digest *d,
    struct object_links *links, struct pack_entry *e, enum object_type type,
    const void *data, size_t len, struct err *err)
{
	index_pack_hash_header(d, type, len);
	digest_add(d, data, len);
	digest_finish(d, e->id);
	e->type = (uint8_t)type;
	if (type != OBJECT_BLOB) {
		if (object_links_of(type, data, len, links, err) == 0)
			return 0;
		char hex[GIT_ID_HEX];
		git_id_hex(e->id, hex);
		return err_wrap(err, "object %s", hex);
	}
	if (len <= INDEX_PACK_SMALL && ip->o.on_small_blob)
		ip->o.on_small_blob(ip->o.ctx, data, len);
	return 0;
}
