#include "storage/git/pack/index_entry.h"

int index_entry_hash(struct index_pack *ip, struct object_digest *d,
    enum object_type type, const void *data, size_t len, uint8_t id[GIT_ID_LEN],
    struct err *err)
{
	if (object_digest_of(d, type, data, len, id, err))
		return -1;
	if (type == OBJECT_BLOB && len <= INDEX_PACK_SMALL &&
	    ip->o.on_small_blob)
		ip->o.on_small_blob(ip->o.ctx, data, len);
	return 0;
}

int index_entry_links(const struct index_pack *ip, struct object_links *links,
    enum object_type type, const void *data, size_t len,
    const uint8_t id[GIT_ID_LEN], struct err *err)
{
	char hex[GIT_ID_HEX];

	if (type == OBJECT_BLOB ||
	    object_links_of(ip->o.hash, type, data, len, links, err) == 0)
		return 0;
	git_id_hex(ip->o.hash, id, hex);
	return err_wrap(err, "object %s", hex);
}

int index_entry_add_object(struct index_pack *ip, struct object_digest *d,
    struct object_links *links, struct pack_entry *e, enum object_type type,
    const void *data, size_t len, struct err *err)
{
	if (index_entry_hash(ip, d, type, data, len, e->id, err))
		return -1;
	e->type = (uint8_t)type;
	return index_entry_links(ip, links, type, data, len, e->id, err);
}
