/*
 * A label selector as objects hold it: {"matchLabels": {...},
 * "matchExpressions": [{"key", "operator", "values"}]}, all of which must fit;
 * an empty one fits everything
 * (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/).
 * Pure.
 */
#ifndef STORAGE_KUBE_SELECTOR_H
#define STORAGE_KUBE_SELECTOR_H

#include "storage/json/range.h"

#include <stdbool.h>

/* Both were scanned before; labels.at may be NULL. A selector of a form that is
 * not known fits nothing. */
bool kube_selector_fits(struct json_range selector, struct json_range labels);

#endif
