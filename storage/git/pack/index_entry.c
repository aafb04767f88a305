#include "storage/git/pack/index_entry.h"

int index_entry_add_object(struct index_pack *ip, struct object_digest *d,
    struct object_links *links, struct pack_entry *e, enum object_type type,
    const void *data, size_t len, struct err *err)
{
	if (object_digest_of(d, type, data, len, e->id, err))
		return -1;
	e->type = (uint8_t)type;
	if (type != OBJECT_BLOB) {
		if (object_links_of(ip->o.hash, type, data, len, links, err) ==
		    0)
			return 0;
		char hex[GIT_ID_HEX];
		git_id_hex(ip->o.hash, e->id, hex);
		return err_wrap(err, "object %s", hex);
	}
	if (len <= INDEX_PACK_SMALL && ip->o.on_small_blob)
		ip->o.on_small_blob(ip->o.ctx, data, len);
	return 0;
}
