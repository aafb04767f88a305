#include "restore/run/layer_lines.h"

#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <stdlib.h>

void layer_lines_done(struct layer_line_vec *v)
{
	VEC_EACH (v, l) {
		free(l->name);
		vec_done(&l->nodes);
	}
	vec_done(v);
}

void layer_lines_add_node(struct layer_line *l, uint32_t node)
{
	struct layer_range *last =
	    l->nodes.len ? &l->nodes.items[l->nodes.len - 1] : NULL;

	if (last && last->last + 1 == node)
		last->last = node;
	else
		*vec_add(&l->nodes) =
		    (struct layer_range){.first = node, .last = node};
}

void layer_lines_write(const struct layer_line_vec *v, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_array(out, "layers");
	VEC_EACH (v, l) {
		json_text_object(out, NULL);
		json_text_str(out, "name", l->name);
		json_text_array(out, "nodes");
		VEC_EACH (&l->nodes, r) {
			json_text_array(out, NULL);
			json_text_int(out, NULL, r->first);
			json_text_int(out, NULL, r->last);
			json_text_array_end(out);
		}
		json_text_array_end(out);
		json_text_object_end(out);
	}
	json_text_array_end(out);
	json_text_object_end(out);
}

void layer_lines_write_event(
    size_t layer, bool starts, int64_t now_s, struct buf *out)
{
	json_text_object(out, NULL);
	json_text_int(out, "layer", (int64_t)layer);
	json_text_bool(out, starts ? "starts" : "waits", true);
	json_text_int(out, "at", now_s);
	json_text_object_end(out);
}

static int read_nodes(
    const struct json_object *nodes, struct layer_line *l, struct err *err)
{
	int64_t after = -1;

	for (size_t i = 0; i < json_len(nodes); i++) {
		const struct json_object *range = json_at(nodes, i);
		int64_t first = json_int(json_at(range, 0), -1);
		int64_t last = json_int(json_at(range, 1), -1);

		if (first <= after || last < first ||
		    last >= LAYER_LINES_MAX_NODES)
			return err_set(err, ERR_FORMAT,
			    "layer '%s' has nodes that cannot be", l->name);
		after = last;
		*vec_add(&l->nodes) = (struct layer_range){
		    .first = (uint32_t)first, .last = (uint32_t)last};
	}
	return 0;
}

static int read_layers(
    const struct json_object *layers, struct layer_line_vec *v, struct err *err)
{
	layer_lines_done(v);
	for (size_t i = 0; i < json_len(layers); i++) {
		const struct json_object *j = json_at(layers, i);
		const char *name = json_get_str(j, "name");

		if (!name)
			return err_set(
			    err, ERR_FORMAT, "a layer without its name");
		struct layer_line *l = vec_add(v);
		*l = (struct layer_line){.name = str_dup(name)};
		if (read_nodes(json_get(j, "nodes"), l, err))
			return -1;
	}
	return 0;
}

int layer_lines_read(
    const struct json_object *line, struct layer_line_vec *v, struct err *err)
{
	if (json_get(line, "layers"))
		return read_layers(json_get(line, "layers"), v, err) ? -1 : 1;
	int64_t layer = json_get_int(line, "layer", -1);
	if (layer < 0)
		return 0;
	if ((uint64_t)layer >= v->len)
		return err_set(
		    err, ERR_FORMAT, "a layer that the journal does not name");
	struct layer_line *l = &v->items[layer];
	int64_t at_s = json_get_int(line, "at", 0);
	l->waits = json_truth(json_get(line, "waits"), false);
	if (l->waits)
		l->waits_s = at_s;
	else
		l->started_s = at_s;
	return 1;
}
