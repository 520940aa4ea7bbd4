# LSPET on two cores: about four minutes.
_base_ = "./_base_/td-hm_mobilenetv2.py"
