"""Label maths on arrays alone: noise matrix, label quality, confident joint, planting, yield."""
