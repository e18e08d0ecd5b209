A=http://$(python3 -c "import json;print(json.load(open('srv/addresses.json'))['http'])")
tok(){ python3 -c "import json,sys;print(json.load(open('srv/demo-credentials.json'))['$1']['token'])"; }
