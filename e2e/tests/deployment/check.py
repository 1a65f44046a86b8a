"""Checks each object of rendered manifests, and Compose files, against a schema, and prints all of them as JSON.

    check.py KUBERNETES_VERSION NAME=FILE ...      {"NAME": [object, ...], ...} on standard output

Kubernetes' own kinds are checked against its published schemas, strictly: an unknown field is an error. Compose files are
checked against the Compose Specification's, other kinds against the schemas beside this file. What is wrong goes to
standard error, and the exit code is then 1.
"""

import importlib.resources
import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

SCHEMAS = {path.stem: path for path in (pathlib.Path(__file__).parent / "schemas").glob("*.yaml")}


class Loader(yaml.CSafeLoader):
    """Refuses a key that is there twice, of which YAML readers would silently take the last."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1 and key != "<<"}
        if twice:
            raise yaml.YAMLError(f"keys that are there twice: {sorted(twice)} {node.start_mark}")
        return super().construct_mapping(node, deep)


def compose_schema():
    """The Compose Specification's own schema, which this package carries."""
    schemas = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((schemas / "compose-spec.json").read_text())


def embedded(thing):
    """Kubernetes' own parts inside other kinds, as objects of the kinds that they come from."""
    name = {"name": thing["metadata"]["name"]}
    spec = thing["spec"]
    if thing["kind"] == "ScaledObject":
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "any"}
        scaler = {"scaleTargetRef": target, "maxReplicas": 1, "behavior": behavior}
        yield {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": name, "spec": scaler}
    if thing["kind"] == "RabbitmqCluster":
        pod = spec.get("override", {}).get("statefulSet", {}).get("spec", {}).get("template", {}).get("spec", {})
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": name, "spec": {**pod, "affinity": spec.get("affinity", {})}}


def check(thing, version):
    """What is wrong with an object, if anything is."""
    schema = SCHEMAS.get(thing.get("kind", "").lower())
    try:
        if "services" in thing:
            jsonschema.validate(thing, compose_schema())
        elif schema is None:
            kubernetes_validate.validate(thing, version, strict=True)
        else:
            jsonschema.validate(thing["spec"], yaml.safe_load(schema.read_text()))
            for part in embedded(thing):
                kubernetes_validate.validate(part, version, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        where = "/".join(str(step) for step in error.path)
        return f"{where}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return "no schema of this kind: add one to e2e/tests/deployment/schemas"
    return None


def main(version, files):
    everything, wrong = {}, False
    for name, path in (file.split("=", 1) for file in files):
        things = [thing for thing in yaml.load_all(pathlib.Path(path).read_text(), Loader) if thing]
        everything[name] = things
        for thing in things:
            fault = check(thing, version)
            if fault:
                wrong = True
                who = f"{thing['kind']} {thing['metadata']['name']}" if "kind" in thing else "Compose file"
                print(f"{name}: {who}: {fault}", file=sys.stderr)
    json.dump(everything, sys.stdout)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
