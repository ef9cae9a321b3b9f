"""The comparison of overlap_oracle.sh: overlap_oracle.py FOLDER CONTEXT.JSON, FOLDER with a state and the socket of a server."""
import json
import os
import sqlite3
import subprocess
import sys

from osgeo import ogr

GROUND = ("licence", "parcel", "protected_area", "restricted_zone")
SLACK_SHARE, SLACK_HA = 0.002, 0.0001


def alerts_of(register):
    """Outlines as GeoJSON and published hectares by id, of those that are not superseded."""
    found = {}
    source = ogr.Open(register)  # the layer lives no longer than this
    layer = source.GetLayerByName("alerts")
    for feature in layer:
        if feature.GetField("status") != "superseded":
            found[feature.GetField("id")] = (feature.GetGeometryRef().ExportToJson(), feature.GetField("area_ha"))
    return found


def own_areas(register):
    """Hectares by layer, alert and feature: a part that several share counts for each."""
    areas, layers = {}, set()
    rows = sqlite3.connect(register).execute(
        "SELECT alert_id, subject, layer, feature_id, overlapping, area_ha, recorded_at FROM context_facts").fetchall()
    newest = {}
    for row in rows:
        newest[row[0], row[1]] = max(newest.get((row[0], row[1]), ""), row[6])
    for alert, subject, layer, feature, overlapping, area, recorded in rows:
        if subject not in GROUND or area is None or recorded != newest[alert, subject]:
            continue
        names = json.loads(overlapping) if overlapping and overlapping.startswith("[") else (overlapping or "").split(",")
        for name in [n.strip() for n in names if n.strip()] or ([feature] if feature else []):
            areas[subject, alert, name] = areas.get((subject, alert, name), 0) + area
            layers.add(subject)
    return areas


def main():
    folder, config_path = sys.argv[1:3]
    config = json.load(open(config_path))
    register = f"{folder}/state/register.gpkg"
    alerts = alerts_of(register)
    own = own_areas(register)
    statements = ["CREATE TABLE a(id text, g geometry); CREATE TABLE f(role text, id text, g geometry);"]
    for name, (shape, _) in alerts.items():
        statements.append(f"INSERT INTO a VALUES ($q${name}$q$, ST_SetSRID(ST_GeomFromGeoJSON($q${shape}$q$), 4326));")
    for layer in config["layers"]:
        if layer["role"] not in GROUND:
            continue
        path = os.path.join(os.path.dirname(config_path), layer["source"])
        for feature in json.load(open(path))["features"]:
            shape = json.dumps(feature["geometry"])
            name = feature["properties"][layer["columns"]["id"]]
            statements.append(f"INSERT INTO f VALUES ($q${layer['role']}$q$, $q${name}$q$, "
                              f"ST_MakeValid(ST_SetSRID(ST_GeomFromGeoJSON($q${shape}$q$), 4326)));")
    statements.append("SELECT role, a.id, f.id, ST_Area(ST_Intersection(a.g, f.g)::geography) / 10000 FROM a JOIN f ON "
                      "ST_Intersects(a.g, f.g);")
    with open(f"{folder}/pairs.sql", "w") as file:
        file.write("\n".join(statements))
    answer = subprocess.run(["psql", "-qtA", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-U", "tester", "-d",
                             "postgres", "-f", f"{folder}/pairs.sql"], check=True, capture_output=True, text=True).stdout
    theirs = {}
    for line in answer.splitlines():
        role, alert, feature, area = line.split("\t")
        theirs[role, alert, feature] = theirs.get((role, alert, feature), 0) + float(area)
    failed = False
    for role in GROUND:
        pairs = sorted(key for key in own.keys() | theirs.keys() if key[0] == role)
        if not pairs:
            continue
        differences = [abs(own.get(key, 0) - theirs.get(key, 0)) for key in pairs]
        over = [key for key, difference in zip(pairs, differences)
                if difference > SLACK_SHARE * alerts[key[1]][1] + SLACK_HA]
        print(f"{role}: {len(pairs)} pairs, {sum(own.get(k, 0) for k in pairs):.4f} ha, PostGIS "
              f"{sum(theirs.get(k, 0) for k in pairs):.4f} ha; largest difference {max(differences):.5f} ha")
        for key in over[:5]:
            print(f"  {key[1]} in {key[2]}: {own.get(key, 0):.4f} ha, PostGIS {theirs.get(key, 0):.4f} ha")
        failed |= bool(over)
    sys.exit(1 if failed else 0)


main()
